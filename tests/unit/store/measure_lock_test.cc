// SPDX-License-Identifier: MIT
#include "store/measure_lock.h"

#include <fcntl.h>

#include <csignal>
#include <optional>
#include <vector>

#include <gtest/gtest.h>

#include "base/files.h"
#include "support.h"

namespace mia::store {
namespace {
using namespace testing;  // NOLINT: test helpers

TEST(MeasureLock, IsHeldOnceAndTellsByWhom) {
  const TempDir dir;
  const auto path = dir.file("sub/measuring.lock");
  auto lock = lock_measuring(path, "run");
  ASSERT_TRUE(lock) << lock.error().text();
  EXPECT_TRUE(lock->held());
  const auto second = lock_measuring(path, "run");
  ASSERT_TRUE(second);
  EXPECT_FALSE(second->held());
  EXPECT_EQ(second->other().pid, ::getpid());
  EXPECT_EQ(second->other().verb, "run");
  EXPECT_EQ(second->other().since.size(), std::string("2026-01-01T00:00:00Z").size());
  const MeasureLock moved = std::move(*lock);
  EXPECT_FALSE(lock_measuring(path, "run")->held()) << "moving keeps it";
}

TEST(MeasureLock, GoesToThemInTheOrderInWhichTheyCame) {
  const TempDir dir;
  const auto path = dir.file("l");
  std::vector<MeasureLock> queue;
  for (const char* const verb : {"run", "compare", "gate", "roofline"}) {
    auto lock = lock_measuring(path, verb);
    ASSERT_TRUE(lock) << lock.error().text();
    EXPECT_EQ(lock->ahead(), std::ssize(queue));
    queue.push_back(std::move(*lock));
  }
  queue.erase(queue.begin());
  EXPECT_FALSE(queue[1].try_again()) << "one came before it";
  EXPECT_FALSE(lock_measuring(path, "run")->held()) << "nobody jumps the queue";
  EXPECT_TRUE(queue[0].try_again());
  EXPECT_EQ(queue[1].other().verb, "compare");
  queue.erase(queue.begin() + 1);  // gives up
  queue.erase(queue.begin());
  EXPECT_TRUE(queue[0].try_again());
  EXPECT_EQ(queue[0].ahead(), 0);
  queue.clear();
  EXPECT_TRUE(lock_measuring(path, "run")->held());
}

TEST(MeasureLock, LosesAPlaceWithItsProcess) {
  const TempDir dir;
  const auto path = dir.file("l");
  auto first = std::make_optional(std::move(*lock_measuring(path, "run")));
  int ready[2] = {};
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    first.reset();  // the parent's place is the parent's, whoever closes its copy
    const auto second = lock_measuring(path, "compare");
    (void)!::write(ready[1], second ? "y" : "n", 1);
    ::pause();
    ::_exit(0);
  }
  char answer = 0;
  ASSERT_EQ(::read(ready[0], &answer, 1), 1);
  auto third = lock_measuring(path, "gate");
  EXPECT_EQ(third->ahead(), 2);
  first.reset();
  EXPECT_FALSE(third->try_again());
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  EXPECT_TRUE(third->try_again());
  ::close(ready[0]);
  ::close(ready[1]);
}

TEST(MeasureLock, IsFreeAfterRelease) {
  const TempDir dir;
  { EXPECT_TRUE(lock_measuring(dir.file("l"), "run")->held()); }
  EXPECT_TRUE(lock_measuring(dir.file("l"), "run")->held());
}

TEST(MeasureLock, IsFreeAfterAKill) {
  const TempDir dir;
  int ready[2] = {};
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const auto lock = lock_measuring(dir.file("l"), "run");
    const char yes = lock && lock->held() ? 'y' : 'n';
    (void)!::write(ready[1], &yes, 1);
    ::pause();
    ::_exit(0);
  }
  char answer = 0;
  ASSERT_EQ(::read(ready[0], &answer, 1), 1);
  ASSERT_EQ(answer, 'y');
  auto refused = lock_measuring(dir.file("l"), "run");
  EXPECT_FALSE(refused->held());
  EXPECT_EQ(refused->other().pid, child);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  EXPECT_TRUE(refused->try_again());
  ::close(ready[0]);
  ::close(ready[1]);
}

TEST(MeasureLock, IsNotKeptByAProgramThatTheHolderStarts) {
  const TempDir dir;
  pid_t child = 0;
  {
    const auto lock = lock_measuring(dir.file("l"), "run");
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
  EXPECT_TRUE(lock_measuring(dir.file("l"), "run")->held());
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
}

TEST(MeasureLock, WithoutReadableHolderIsStillRefused) {
  const TempDir dir;
  const auto lock = lock_measuring(dir.file("l"), "run");
  ASSERT_TRUE(lock->held());
  ASSERT_EQ(::truncate(dir.file("l").c_str(), 3), 0);
  const auto second = lock_measuring(dir.file("l"), "run");
  EXPECT_FALSE(second->held());
  EXPECT_EQ(second->other().pid, 0);
}

TEST(MeasureLock, SaysWhenItsFileCannotBeMade) {
  const auto lock = lock_measuring("/proc/nowhere/measuring.lock", "run");
  ASSERT_FALSE(lock);
  EXPECT_EQ(lock.error().kind, ErrorKind::store);
  EXPECT_NE(lock.error().message.find("/proc/nowhere/measuring.lock"), std::string::npos);
}

TEST(MeasureLock, LiesInTheDataFolderByDefault) {
  EXPECT_EQ(default_lock_path(), data_dir() / "measuring.lock");
}

}  // namespace
}  // namespace mia::store
