// SPDX-License-Identifier: MIT
#include "proc/interrupt.h"

#include <csignal>

#include "proc/command.h"
#include "shell.h"

namespace mia::proc {
namespace {

constexpr double kLongWait = 60;

TEST(Interrupt, EndsReading) {
  const InterruptGuard guard;
  EXPECT_FALSE(interrupted());
  const auto child = spawn(shell("kill -INT $PPID; sleep 1000"));
  EXPECT_EQ(child->read_line(kLongWait).status, ReadStatus::interrupted);
  EXPECT_TRUE(interrupted());
  EXPECT_EQ(child->read_line(kLongWait).status, ReadStatus::interrupted);
  EXPECT_FALSE(child->wait(0.05).has_value());  // still to be killed, in peace
  child->kill_now();
  EXPECT_EQ(child->wait(0)->signal, SIGKILL);
}

TEST(Interrupt, TerminationCountsToo) {
  const InterruptGuard guard;
  const auto child = spawn(shell("kill -TERM $PPID; sleep 1000"));
  EXPECT_EQ(child->read_line(kLongWait).status, ReadStatus::interrupted);
}

TEST(Interrupt, EndsSending) {
  const InterruptGuard guard;
  const auto child = spawn(shell("kill -INT $PPID; sleep 1000"));
  const Status sent = child->send_line(std::string(1000000, 'x'), kLongWait);
  ASSERT_FALSE(sent.has_value());
  EXPECT_EQ(sent.error().kind, ErrorKind::interrupted);
}

TEST(Interrupt, EndsACommand) {
  const InterruptGuard guard;
  CommandSpec spec;
  spec.argv = {"/bin/sh", "-c", "kill -INT $PPID; sleep 1000"};
  const auto result = run_command(spec);
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().kind, ErrorKind::interrupted);
}

TEST(Interrupt, TimeThatIsUpEndsReading) {
  InterruptGuard guard;
  const auto child = spawn(shell("sleep 1000"));
  guard.end_in(0.05);
  EXPECT_FALSE(out_of_time());
  EXPECT_EQ(child->read_line(kLongWait).status, ReadStatus::interrupted);
  EXPECT_TRUE(interrupted());
  EXPECT_TRUE(out_of_time());
}

TEST(Interrupt, ASignalThatCameBeforeTheTimeWasUpStaysTheReason) {
  InterruptGuard guard;
  ::raise(SIGINT);
  ::raise(SIGALRM);
  EXPECT_TRUE(interrupted());
  EXPECT_FALSE(out_of_time());
}

TEST(Interrupt, TimeIsNoLongerCountedWithoutAGuard) {
  {
    InterruptGuard guard;
    guard.end_in(0.01);
  }
  const InterruptGuard guard;
  const auto child = spawn(shell("sleep 0.1; echo fine >&4"));
  EXPECT_EQ(child->read_line(kLongWait).line, "fine");
  EXPECT_FALSE(out_of_time());
}

TEST(Interrupt, ANewGuardBeginsAnew) {
  {
    const InterruptGuard guard;
    ::raise(SIGINT);
  }
  EXPECT_TRUE(interrupted());
  const InterruptGuard guard;
  EXPECT_FALSE(interrupted());
  const auto child = spawn(shell("echo fine >&4"));
  EXPECT_EQ(child->read_line(kLongWait).line, "fine");
}

TEST(InterruptDeathTest, TheSecondOneKillsChildrenAndUs) {
  testing::GTEST_FLAG(death_test_style) = "threadsafe";  // a fork would not be a subreaper
  const std::string file = testing::TempDir() + "mia-second-interrupt";
  const auto run = [&] {
    const InterruptGuard guard;
    SpawnSpec spec = shell("setsid sh -c 'echo $$ end > \"$F\"; sleep 1000' & echo $$ end > \"$F.child\"; sleep 1000");
    spec.env["F"] = file;
    const auto child = spawn(spec);
    static_cast<void>(read_pid(file));
    static_cast<void>(read_pid(file + ".child"));
    ::raise(SIGINT);
    static_cast<void>(child->wait(0.3));
    ::raise(SIGINT);
    static_cast<void>(child->wait(kLongWait));
  };
  EXPECT_EXIT(run(), testing::KilledBySignal(SIGINT), "");
  EXPECT_FALSE(exists(read_pid(file)));
  EXPECT_FALSE(exists(read_pid(file + ".child")));
  std::filesystem::remove(file);
  std::filesystem::remove(file + ".child");
}

}  // namespace
}  // namespace mia::proc
