// SPDX-License-Identifier: MIT
// A power cut cannot be had in a test; what can be seen is that the kernel was asked to put the data on the disk. These
// functions take the place of the C library's own in this program, for SQLite too.
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <thread>

#include <gtest/gtest.h>

#include "support.h"

namespace {
std::atomic<int> syncs{0};
}  // namespace

extern "C" int fdatasync(int fd) {
  ++syncs;
  return static_cast<int>(::syscall(SYS_fdatasync, fd));
}

extern "C" int fsync(int fd) {
  ++syncs;
  return static_cast<int>(::syscall(SYS_fsync, fd));
}

namespace mia::store {
namespace {
using namespace testing;  // NOLINT: test helpers

TEST(Durability, EveryWriteIsOnTheDiskWhenItReturns) {
  const TempDir dir;
  Store store = must_open(dir.file());
  const auto synced = [&](const auto& write) {
    const int before = syncs;
    const bool done = write();
    return done && syncs > before;
  };
  EXPECT_TRUE(synced([&] { return store.begin_session(sample_session("s1")).has_value(); }));
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(synced([&] { return store.add_trial("s1", sample_trial("s1", i)).has_value(); }));
    std::this_thread::sleep_for(std::chrono::milliseconds(120));  // no real trial takes less
  }
  EXPECT_TRUE(synced([&] { return store.finish_session("s1", "complete", nullptr).has_value(); }));
  EXPECT_FALSE(synced([&] { return store.trials("s1").has_value(); })) << "reading needs no disk";
}

TEST(Durability, ABurstOfTrialsIsOnTheDiskWithTheSessionsEnd) {
  const TempDir dir;
  Store store = must_open(dir.file());
  ASSERT_TRUE(store.begin_session(sample_session("s1")));
  const int before = syncs;
  for (int i = 0; i < 50; ++i) {
    ASSERT_TRUE(store.add_trial("s1", sample_trial("s1", i)));
  }
  EXPECT_GT(syncs, before) << "the first is on the disk at once";
  const int burst = syncs;
  ASSERT_TRUE(store.finish_session("s1", "complete", nullptr));
  EXPECT_GT(syncs, burst);
  EXPECT_EQ(store.trials("s1")->size(), 50U);
}

}  // namespace
}  // namespace mia::store
