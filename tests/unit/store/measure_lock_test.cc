// SPDX-License-Identifier: MIT
#include "store/measure_lock.h"

#include <fcntl.h>

#include <csignal>

#include <gtest/gtest.h>

#include "base/files.h"
#include "support.h"

namespace mia::store {
namespace {
using namespace testing;  // NOLINT: test helpers

TEST(MeasureLock, IsHeldOnceAndTellsByWhom) {
  const TempDir dir;
  const auto path = dir.file("sub/measuring.lock");
  auto lock = lock_measuring(path);
  ASSERT_TRUE(lock) << lock.error().text();
  EXPECT_TRUE(lock->held());
  EXPECT_FALSE(lock->other());
  const auto second = lock_measuring(path);
  ASSERT_TRUE(second);
  EXPECT_FALSE(second->held());
  ASSERT_TRUE(second->other());
  EXPECT_EQ(second->other()->pid, ::getpid());
  EXPECT_EQ(second->other()->since.size(), std::string("2026-01-01T00:00:00Z").size());
  const MeasureLock moved = std::move(*lock);
  EXPECT_FALSE(lock_measuring(path)->held()) << "moving keeps it";
}

TEST(MeasureLock, IsFreeAfterRelease) {
  const TempDir dir;
  { EXPECT_TRUE(lock_measuring(dir.file("l"))->held()); }
  EXPECT_TRUE(lock_measuring(dir.file("l"))->held());
}

TEST(MeasureLock, IsFreeAfterAKill) {
  const TempDir dir;
  int ready[2] = {};
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const auto lock = lock_measuring(dir.file("l"));
    const char yes = lock && lock->held() ? 'y' : 'n';
    (void)!::write(ready[1], &yes, 1);
    ::pause();
    ::_exit(0);
  }
  char answer = 0;
  ASSERT_EQ(::read(ready[0], &answer, 1), 1);
  ASSERT_EQ(answer, 'y');
  const auto refused = lock_measuring(dir.file("l"));
  EXPECT_FALSE(refused->held());
  EXPECT_EQ(refused->other()->pid, child);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  EXPECT_TRUE(lock_measuring(dir.file("l"))->held());
  ::close(ready[0]);
  ::close(ready[1]);
}

TEST(MeasureLock, IsNotKeptByAProgramThatTheHolderStarts) {
  const TempDir dir;
  pid_t child = 0;
  {
    const auto lock = lock_measuring(dir.file("l"));
    ASSERT_TRUE(lock->held());
    int started[2] = {};
    ASSERT_EQ(::pipe2(started, O_CLOEXEC), 0);
    child = ::fork();
    if (child == 0) {
      ::execl("/bin/sleep", "sleep", "60", nullptr);
      ::_exit(1);
    }
    ::close(started[1]);
    char nothing = 0;
    ASSERT_EQ(::read(started[0], &nothing, 1), 0) << "end of file: the child has become another program";
    ::close(started[0]);
  }
  EXPECT_TRUE(lock_measuring(dir.file("l"))->held());
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
}

TEST(MeasureLock, WithoutReadableHolderIsStillRefused) {
  const TempDir dir;
  const auto lock = lock_measuring(dir.file("l"));
  ASSERT_TRUE(lock->held());
  ASSERT_EQ(::truncate(dir.file("l").c_str(), 3), 0);
  const auto second = lock_measuring(dir.file("l"));
  EXPECT_FALSE(second->held());
  EXPECT_EQ(second->other()->pid, 0);
}

TEST(MeasureLock, SaysWhenItsFileCannotBeMade) {
  const auto lock = lock_measuring("/proc/nowhere/measuring.lock");
  ASSERT_FALSE(lock);
  EXPECT_EQ(lock.error().kind, ErrorKind::store);
  EXPECT_NE(lock.error().message.find("/proc/nowhere/measuring.lock"), std::string::npos);
}

TEST(MeasureLock, LiesInTheDataFolderByDefault) {
  EXPECT_EQ(default_lock_path(), data_dir() / "measuring.lock");
}

}  // namespace
}  // namespace mia::store
