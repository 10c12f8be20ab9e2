// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "base/files.h"
#include "support.h"

namespace mia::store {
namespace {
using namespace testing;  // NOLINT: test helpers

void expect_same(const Session& read, const Session& written) {
  EXPECT_EQ(read.row.id, written.row.id);
  EXPECT_EQ(read.row.scenario, written.row.scenario);
  EXPECT_EQ(read.row.started, written.row.started);
  EXPECT_EQ(read.row.plan_hash, written.row.plan_hash);
  EXPECT_EQ(read.row.machine, written.row.machine);
  EXPECT_EQ(read.row.tool_version, written.row.tool_version);
  EXPECT_EQ(read.row.title, written.row.title);
  EXPECT_EQ(read.row.planned, written.row.planned);
  EXPECT_EQ(Json::parse(read.plan_json), Json::parse(written.plan_json));
  EXPECT_EQ(text_of(read.machine), text_of(written.machine));
  EXPECT_EQ(text_of(read.settings), text_of(written.settings));
  ASSERT_EQ(read.runtimes.size(), written.runtimes.size());
  ASSERT_EQ(read.models.size(), written.models.size());
  EXPECT_EQ(text_of(read.runtimes.at(0)), text_of(written.runtimes.at(0)));
  EXPECT_EQ(text_of(read.models.at(0)), text_of(written.models.at(0)));
}

TEST(Sessions, GiveBackWhatWasBegun) {
  const TempDir dir;
  const Session written = sample_session("s1");
  ASSERT_TRUE(must_open(dir.file()).begin_session(written));
  Store store = must_open(dir.file());
  const auto read = store.session("s1");
  ASSERT_TRUE(read) << read.error().text();
  expect_same(*read, written);
  EXPECT_EQ(read->row.state, "running");
  EXPECT_EQ(read->row.finished, "");
  EXPECT_EQ(read->row.trials, 0);
  EXPECT_FALSE(read->report);
}

TEST(Sessions, RefuseWhatCouldNotBeReadBack) {
  const TempDir dir;
  Store store = must_open(dir.file());
  ASSERT_TRUE(store.begin_session(sample_session("s1")));
  EXPECT_EQ(store.begin_session(sample_session("s1")).error().kind, ErrorKind::usage);
  EXPECT_EQ(store.begin_session(sample_session("")).error().kind, ErrorKind::usage);
  Session session = sample_session("s2");
  session.row.state = "sleeping";
  EXPECT_EQ(store.begin_session(session).error().kind, ErrorKind::usage);
  session = sample_session("s2");
  session.plan_json = "{half";
  EXPECT_FALSE(store.begin_session(session));
  session.plan_json = std::string(100, '[') + std::string(100, ']');
  EXPECT_FALSE(store.begin_session(session));
  EXPECT_EQ(store.sessions()->size(), 1U);
}

TEST(Sessions, AreFoundByIdPrefixAndLast) {
  const TempDir dir;
  Store store = must_open(dir.file());
  EXPECT_EQ(store.session("last").error().kind, ErrorKind::not_found);
  ASSERT_TRUE(store.begin_session(sample_session("20260102-b", "2026-01-02T00:00:00Z")));
  ASSERT_TRUE(store.begin_session(sample_session("20260101-a", "2026-01-01T00:00:00Z")));
  ASSERT_TRUE(store.begin_session(sample_session("20260101-a-again", "2026-01-01T12:00:00Z")));
  EXPECT_EQ(store.session("last")->row.id, "20260102-b");
  EXPECT_EQ(store.session("20260102")->row.id, "20260102-b");
  EXPECT_EQ(store.session("20260101-a")->row.id, "20260101-a") << "an exact id wins over a longer one";
  EXPECT_EQ(store.session("20260101").error().kind, ErrorKind::usage);
  EXPECT_EQ(store.session("2027").error().kind, ErrorKind::not_found);
  EXPECT_EQ(store.session("").error().kind, ErrorKind::not_found);
  EXPECT_EQ(store.session("%").error().kind, ErrorKind::not_found);
  EXPECT_EQ(store.session("_0260102-b").error().kind, ErrorKind::not_found);
}

TEST(Sessions, AreListedNewestFirstAndFiltered) {
  const TempDir dir;
  Store store = must_open(dir.file());
  for (int day = 1; day <= 5; ++day) {
    Session session = sample_session(fmt::format("s{}", day), fmt::format("2026-01-0{}T00:00:00Z", 6 - day));
    session.row.scenario = day % 2 == 0 ? "latency" : "baseline";
    ASSERT_TRUE(store.begin_session(session));
  }
  ASSERT_TRUE(store.add_trial("s3", sample_trial("s3", 0)));
  ASSERT_TRUE(store.finish_session("s3", "failed", nullptr));
  const auto ids = [&](const SessionFilter& filter) {
    std::string text;
    const auto rows = store.sessions(filter);
    for (const SessionRow& row : *rows) {
      text += row.id + " ";
    }
    return text;
  };
  EXPECT_EQ(ids({}), "s1 s2 s3 s4 s5 ");
  EXPECT_EQ(ids({.scenario = "latency", .state = {}, .limit = 0}), "s2 s4 ");
  EXPECT_EQ(ids({.scenario = {}, .state = "failed", .limit = 0}), "s3 ");
  EXPECT_EQ(ids({.scenario = "latency", .state = "failed", .limit = 0}), "");
  EXPECT_EQ(ids({.scenario = "", .state = {}, .limit = 0}), "") << "an empty name is a name";
  EXPECT_EQ(ids({.scenario = {}, .state = {}, .limit = 2}), "s1 s2 ");
  EXPECT_EQ(store.sessions()->at(2).trials, 1);
}

TEST(Sessions, FinishWithTheirReport) {
  const TempDir dir;
  Store store = must_open(dir.file());
  ASSERT_TRUE(store.begin_session(sample_session("s1")));
  ASSERT_TRUE(store.add_trial("s1", sample_trial("s1", 0)));
  record::Report report;
  report.scenario = "baseline";
  report.session = "s1";
  report.sentence = "it's \"fine\"";
  report.trials.push_back(sample_trial("s1", 0));
  ASSERT_TRUE(store.finish_session("s1", "complete", &report));
  const auto read = store.session("s1");
  EXPECT_EQ(read->row.state, "complete");
  EXPECT_EQ(read->row.finished.size(), std::string("2026-01-01T00:00:00Z").size());
  ASSERT_TRUE(read->report);
  EXPECT_EQ(read->report->sentence, report.sentence);
  EXPECT_TRUE(read->report->trials.empty()) << "they are in the store once";
  EXPECT_EQ(store.trials("s1")->size(), 1U);
  ASSERT_TRUE(store.finish_session("s1", "interrupted", nullptr));
  EXPECT_TRUE(store.session("s1")->report) << "finishing without a report keeps the one that is there";
  EXPECT_EQ(store.finish_session("s1", "done", nullptr).error().kind, ErrorKind::usage);
  EXPECT_EQ(store.finish_session("nobody", "complete", nullptr).error().kind, ErrorKind::not_found);
}

TEST(Sessions, ResumeOnlyTheLastOfAPlanAndOnlyIncomplete) {
  const TempDir dir;
  Store store = must_open(dir.file());
  EXPECT_FALSE(store.resumable("plan-1")->has_value());
  ASSERT_TRUE(store.begin_session(sample_session("new", "2026-01-02T00:00:00Z")));
  ASSERT_TRUE(store.begin_session(sample_session("old", "2026-01-01T00:00:00Z")));
  Session other = sample_session("other", "2026-01-03T00:00:00Z");
  other.row.plan_hash = "plan-2";
  ASSERT_TRUE(store.begin_session(other));
  ASSERT_TRUE(store.resumable("plan-1")->has_value());
  EXPECT_EQ(store.resumable("plan-1")->value().id, "new");
  ASSERT_TRUE(store.finish_session("new", "interrupted", nullptr));
  EXPECT_EQ(store.resumable("plan-1")->value().id, "new");
  ASSERT_TRUE(store.resume_session("new"));
  EXPECT_EQ(store.session("new")->row.state, "running");
  EXPECT_EQ(store.session("new")->row.finished, "");
  ASSERT_TRUE(store.finish_session("new", "complete", nullptr));
  EXPECT_FALSE(store.resumable("plan-1")->has_value()) << "an older one is not gone back to";
  EXPECT_FALSE(store.resumable("plan-3")->has_value());
  EXPECT_EQ(store.resume_session("nobody").error().kind, ErrorKind::not_found);
}

TEST(Sessions, AreRemovedWithTheirTrialsOnly) {
  const TempDir dir;
  Store store = must_open(dir.file());
  for (const char* const id : {"s1", "s2"}) {
    ASSERT_TRUE(store.begin_session(sample_session(id)));
    ASSERT_TRUE(store.add_trial(id, sample_trial(id, 0)));
  }
  ASSERT_TRUE(store.remove_session("s1"));
  EXPECT_EQ(store.session("s1").error().kind, ErrorKind::not_found);
  EXPECT_EQ(store.trials("s2")->size(), 1U);
  EXPECT_EQ(*store.check(), "");
  EXPECT_EQ(store.remove_session("s1").error().kind, ErrorKind::not_found);
  EXPECT_EQ(store.add_trial("s1", sample_trial("s1", 1)).error().kind, ErrorKind::not_found);
  // The id is free again, and nothing of the old session shines through.
  ASSERT_TRUE(store.begin_session(sample_session("s1")));
  EXPECT_TRUE(store.trials("s1")->empty());
}

TEST(Sessions, LiveInTheDataFolderByDefault) {
  EXPECT_EQ(default_path(), data_dir() / "store.sqlite");
}

}  // namespace
}  // namespace mia::store
