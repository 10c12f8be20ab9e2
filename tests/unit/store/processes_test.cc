// SPDX-License-Identifier: MIT
// Real processes: killed while they write, out of space, and several at once.
#include <sys/resource.h>

#include <chrono>
#include <csignal>
#include <random>
#include <thread>

#include <gtest/gtest.h>
#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>

#include "support.h"

namespace mia::store {
namespace {
using namespace testing;  // NOLINT: test helpers

constexpr std::int64_t kMany = 100'000;

// Goes on with session "s1" where it stopped and reports the number of each trial that add_trial has confirmed.
int write_trials(const std::filesystem::path& path, int report_to) {
  auto store = Store::open(path);
  if (!store) {
    return 1;
  }
  const auto open_session = store->resumable("plan-1");
  if (!open_session) {
    return 2;
  }
  if (!open_session->has_value() && !store->begin_session(sample_session("s1"))) {
    return 3;
  }
  for (std::int64_t i = open_session->has_value() ? open_session->value().trials : 0; i < kMany; ++i) {
    if (!store->add_trial("s1", sample_trial("s1", i, 64))) {
      return 4;
    }
    if (::write(report_to, &i, sizeof i) != sizeof i) {
      return 5;
    }
  }
  return 0;
}

// The last number that the child confirmed before it was killed; -1 for none. With `wait_for_first` the time runs from
// its first confirmation (a loaded machine may take long to get there), else from its birth.
std::int64_t run_and_kill(const std::filesystem::path& path, bool wait_for_first, std::chrono::microseconds after) {
  int report[2] = {};
  EXPECT_EQ(::pipe(report), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(report[0]);
    ::_exit(write_trials(path, report[1]));
  }
  ::close(report[1]);
  std::int64_t last = -1;
  if (wait_for_first) {
    EXPECT_EQ(::read(report[0], &last, sizeof last), static_cast<ssize_t>(sizeof last));
  }
  std::this_thread::sleep_for(after);
  ::kill(child, SIGKILL);
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_TRUE(WIFSIGNALED(status)) << "the writer failed by itself: " << WEXITSTATUS(status);
  for (std::int64_t number = 0; ::read(report[0], &number, sizeof number) == sizeof number;) {
    last = number;
  }
  ::close(report[0]);
  return last;
}

void expect_trials(Store& store, std::int64_t at_least) {
  const auto trials = store.trials("s1");
  ASSERT_TRUE(trials) << trials.error().text();
  ASSERT_GE(static_cast<std::int64_t>(trials->size()), at_least);
  for (std::size_t i = 0; i < trials->size(); ++i) {
    const auto position = static_cast<std::int64_t>(i);
    ASSERT_EQ(text_of(trials->at(i)), text_of(sample_trial("s1", position, 64))) << "none lost, none twice, none half";
  }
}

TEST(Processes, KilledAnywhereKeepWhatTheyConfirmed) {
  const TempDir dir;
  std::mt19937 random(20260101);
  std::int64_t confirmed = -1;
  for (int round = 0; round < 40; ++round) {
    const bool while_writing = round % 4 != 0;
    const std::chrono::microseconds after(random() % (while_writing ? 5'000 : 30'000));
    confirmed = std::max(confirmed, run_and_kill(dir.file(), while_writing, after));
    Store store = must_open(dir.file());
    ASSERT_EQ(*store.check(), "");
    if (confirmed < 0) {
      continue;
    }
    expect_trials(store, confirmed + 1);
    const auto resumable = store.resumable("plan-1");
    ASSERT_TRUE(resumable->has_value());
    EXPECT_EQ(resumable->value().trials, static_cast<std::int64_t>(store.trials("s1")->size()));
  }
}

// A limit on the size of files stands for a full disk: writes fail half-way through.
void limit_file_size(std::uintmax_t bytes) {
  ::signal(SIGXFSZ, SIG_IGN);
  const rlimit limit{bytes, bytes};
  ::setrlimit(RLIMIT_FSIZE, &limit);
}

// 0 when the error is as it should be and what was there can still be read.
int fill_up(const std::filesystem::path& path, int report_to) {
  auto store = Store::open(path);
  if (!store || !store->begin_session(sample_session("s1"))) {
    return 1;
  }
  limit_file_size(400'000);
  for (std::int64_t i = 0; i < kMany; ++i) {
    const Status added = store->add_trial("s1", sample_trial("s1", i, 64));
    if (added) {
      (void)!::write(report_to, &i, sizeof i);
      continue;
    }
    const bool clear = added.error().kind == ErrorKind::store &&
                       added.error().message.find(path.string()) != std::string::npos && !added.error().hint.empty();
    const auto trials = store->trials("s1");
    const bool readable = trials && static_cast<std::int64_t>(trials->size()) == i;
    // Asking again is an error again, not a crash.
    const bool again = !store->add_trial("s1", sample_trial("s1", i, 64)).has_value();
    return !clear ? 2 : !readable ? 3 : !again ? 4 : 0;
  }
  return 5;
}

TEST(Processes, OutOfSpaceLoseNothingThatWasThere) {
  const TempDir dir;
  int report[2] = {};
  ASSERT_EQ(::pipe(report), 0);
  const int status = in_child([&] { return fill_up(dir.file(), report[1]); });
  ASSERT_TRUE(WIFEXITED(status));
  ASSERT_EQ(WEXITSTATUS(status), 0);
  ::close(report[1]);
  std::int64_t last = -1;
  for (std::int64_t number = 0; ::read(report[0], &number, sizeof number) == sizeof number;) {
    last = number;
  }
  ::close(report[0]);
  ASSERT_GT(last, 3);
  Store store = must_open(dir.file());
  EXPECT_EQ(*store.check(), "");
  expect_trials(store, last + 1);
  EXPECT_EQ(static_cast<std::int64_t>(store.trials("s1")->size()), last + 1);
  EXPECT_TRUE(store.add_trial("s1", sample_trial("s1", last + 1, 64))) << "with space again it goes on";
}

TEST(Processes, ReadWhileAnotherWrites) {
  const TempDir dir;
  { ASSERT_TRUE(must_open(dir.file()).begin_session(sample_session("s1"))); }
  constexpr std::int64_t kTrials = 150;
  const pid_t child = ::fork();
  if (child == 0) {
    auto store = Store::open(dir.file());
    bool ok = store.has_value();
    for (std::int64_t i = 0; ok && i < kTrials; ++i) {
      ok = store->add_trial("s1", sample_trial("s1", i)).has_value();
    }
    ::_exit(ok ? 0 : 1);
  }
  Store store = must_open(dir.file());
  std::size_t seen = 0;
  int status = 0;
  while (::waitpid(child, &status, WNOHANG) == 0) {
    const auto trials = store.trials("s1");
    ASSERT_TRUE(trials) << trials.error().text();
    ASSERT_GE(trials->size(), seen);
    seen = trials->size();
    const auto series = store.series("load_ms");
    ASSERT_TRUE(series) << series.error().text();
    ASSERT_TRUE(store.sessions());
  }
  EXPECT_EQ(status, 0);
  EXPECT_EQ(store.trials("s1")->size(), static_cast<std::size_t>(kTrials));
}

TEST(Processes, MakeAndFillOneStoreTogether) {
  const TempDir dir;
  constexpr int kProcesses = 6;
  constexpr int kTrials = 20;
  std::vector<pid_t> children;
  for (int p = 0; p < kProcesses; ++p) {
    const pid_t child = ::fork();
    if (child == 0) {
      auto store = Store::open(dir.file());
      const std::string id = fmt::format("s{}", p);
      bool ok = store.has_value() && store->begin_session(sample_session(id)).has_value();
      for (int i = 0; ok && i < kTrials; ++i) {
        ok = store->add_trial(id, sample_trial(id, i)).has_value();
      }
      ::_exit(ok ? 0 : 1);
    }
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
  }
  Store store = must_open(dir.file());
  const auto sessions = store.sessions();
  ASSERT_EQ(sessions->size(), static_cast<std::size_t>(kProcesses));
  for (const SessionRow& row : *sessions) {
    EXPECT_EQ(row.trials, kTrials) << row.id;
  }
  EXPECT_EQ(*store.check(), "");
}

TEST(Processes, SeeASessionThatAnotherOneRemoved) {
  const TempDir dir;
  Store first = must_open(dir.file());
  ASSERT_TRUE(first.begin_session(sample_session("s1")));
  ASSERT_TRUE(first.add_trial("s1", sample_trial("s1", 0)));
  ASSERT_TRUE(must_open(dir.file()).remove_session("s1"));
  EXPECT_EQ(first.add_trial("s1", sample_trial("s1", 1)).error().kind, ErrorKind::not_found);
}

// Another connection holds the whole store; a person waits for the end of this one.
TEST(Processes, AWriterInAHurryDoesNotWaitLong) {
  const TempDir dir;
  int asked = 0;
  auto store = Store::open(dir.file(), [&] { return ++asked > 0; });
  ASSERT_TRUE(store) << store.error().text();
  soci::session other(soci::sqlite3, dir.file().string());
  other << "begin exclusive";
  const Status refused = store->begin_session(sample_session("s1"));
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().text().find("keeps it locked"), std::string::npos) << refused.error().text();
  EXPECT_GT(asked, 1);
  other << "rollback";
  EXPECT_TRUE(store->begin_session(sample_session("s1")));
}

}  // namespace
}  // namespace mia::store
