// SPDX-License-Identifier: MIT
// Stores as somebody looks at them: what is found, and that nothing is written.
#include <sys/stat.h>

#include <csignal>

#include <gtest/gtest.h>

#include "base/files.h"
#include "store/running.h"
#include "support.h"

namespace mia::store {
namespace {
using namespace testing;  // NOLINT: test helpers

std::vector<std::string> ids(Store& store, const OverviewFilter& filter) {
  std::vector<std::string> found;
  const auto rows = store.overview(filter);
  EXPECT_TRUE(rows) << rows.error().text();
  for (const OverviewRow& row : rows.value_or({})) {
    found.push_back(row.id);
  }
  return found;
}

TEST(Overview, FindsSessionsAndComparisonsByWhatIsShown) {
  const TempDir dir;
  {
    Store store = must_open(dir.file());
    Session old = sample_session("s1");
    old.machine.cpu_model = "Old CPU";
    ASSERT_TRUE(store.begin_session(old));
    ASSERT_TRUE(store.add_trial("s1", sample_trial("s1", 0)));
    Session young = sample_session("s2", "2026-02-02T00:00:00Z");
    young.models.push_back(sample_model("Other"));
    young.runtimes.clear();
    ASSERT_TRUE(store.begin_session(young));
    record::Comparison comparison;
    comparison.session = "c1";
    comparison.started = "2026-02-02T00:00:00Z";
    comparison.complete = true;
    comparison.a.label = "left";
    comparison.b.label = "right";
    comparison.a.model = comparison.b.model = sample_model("smol");
    comparison.machine.cpu_model = "Compared CPU";
    ASSERT_TRUE(store.add_comparison(comparison));
  }
  auto store = Store::open_to_read(dir.file());
  ASSERT_TRUE(store) << store.error().text();
  EXPECT_EQ(ids(*store, {}), (std::vector<std::string>{"c1", "s2", "s1"}));
  EXPECT_EQ(ids(*store, {{}, 1, 1}), std::vector<std::string>{"s2"});
  EXPECT_EQ(ids(*store, {{"SMOL"}}), (std::vector<std::string>{"c1", "s2", "s1"}));
  EXPECT_EQ(ids(*store, {{"other", "2026-02"}}), std::vector<std::string>{"s2"});
  EXPECT_EQ(ids(*store, {{"old", "0.5.0"}}), std::vector<std::string>{"s1"});
  EXPECT_EQ(ids(*store, {{"compared cpu"}}), std::vector<std::string>{"c1"});
  EXPECT_EQ(ids(*store, {{"right against left"}}), std::vector<std::string>{"c1"});
  EXPECT_TRUE(ids(*store, {{"old", "other"}}).empty());
  EXPECT_TRUE(ids(*store, {{"%"}}).empty()) << "no pattern, a text";
  const auto rows = store->overview({});
  EXPECT_EQ(rows->at(1).models, "smol, Other");
  EXPECT_EQ(rows->at(2).runtimes, "stock 0.5.0");
  EXPECT_EQ(rows->at(2).trials, 1);
  EXPECT_TRUE(rows->at(0).comparison);
}

TEST(Reading, MakesAndChangesNothing) {
  const TempDir dir;
  const auto missing = Store::open_to_read(dir.file("none.sqlite"));
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().kind, ErrorKind::not_found);
  EXPECT_FALSE(std::filesystem::exists(dir.file("none.sqlite")));
  ASSERT_TRUE(must_open(dir.file("a=b.sqlite")).begin_session(sample_session("s1")));
  auto store = Store::open_to_read(dir.file("a=b.sqlite"));
  ASSERT_TRUE(store) << store.error().text();
  EXPECT_TRUE(store->session("s1"));
  EXPECT_TRUE(store->series("load_ms"));
  const Status written = store->begin_session(sample_session("s2"));
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().kind, ErrorKind::store);
}

TEST(Running, IsSeenWhileItsProcessLives) {
  const TempDir dir;
  const auto folder = dir.file("running");
  EXPECT_TRUE(read_running(folder).empty());
  {
    const auto file = RunningFile::make(folder);
    ASSERT_TRUE(file) << file.error().text();
    file->write("first, a longer text");
    file->write("second");
    EXPECT_EQ(read_running(folder), std::vector<std::string>{"second"});
    file->write(std::string(RunningFile::kLongest + 1, 'x'));
    EXPECT_EQ(read_running(folder), std::vector<std::string>{"second"});
  }
  EXPECT_TRUE(read_running(folder).empty());
}

TEST(Running, ADeadOnesFileSaysNothingAndGoes) {
  const TempDir dir;
  const auto folder = dir.file("running");
  const int status = in_child([&] {
    const auto file = RunningFile::make(folder);
    file->write("alive");
    return std::raise(SIGKILL);
  });
  ASSERT_TRUE(WIFSIGNALED(status));
  EXPECT_FALSE(std::filesystem::is_empty(folder));
  EXPECT_TRUE(read_running(folder).empty());
  { const auto mine = RunningFile::make(folder); }
  EXPECT_TRUE(std::filesystem::is_empty(folder));
}

TEST(Running, WhatIsNoFileIsLeftAlone) {
  const TempDir dir;
  const auto folder = dir.file("running");
  std::filesystem::create_directories(folder / "folder.json");
  ASSERT_EQ(::mkfifo((folder / "fifo.json").c_str(), 0600), 0);
  std::filesystem::create_symlink("/dev/zero", folder / "link.json");
  EXPECT_TRUE(read_running(folder).empty());
  EXPECT_TRUE(RunningFile::make(folder));
}

}  // namespace
}  // namespace mia::store
