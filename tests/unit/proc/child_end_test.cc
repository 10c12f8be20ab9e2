// SPDX-License-Identifier: MIT
// How a child ends, and what it leaves behind.
#include <sys/wait.h>

#include <csignal>

#include "proc/child.h"
#include "proc/tree.h"
#include "shell.h"

namespace mia::proc {
namespace {

constexpr double kLong = 60;

class FatalSignal : public testing::TestWithParam<int> {};

TEST_P(FatalSignal, IsTheExitReason) {
  const auto child = spawn(shell("echo last words; ulimit -c 0; kill -" + std::to_string(GetParam()) + " $$; sleep 9"));
  EXPECT_EQ(child->read_line(kLong).status, ReadStatus::closed);
  const auto reason = child->wait(kLong);
  ASSERT_TRUE(reason.has_value());
  EXPECT_EQ(reason->signal, GetParam());
  EXPECT_FALSE(reason->exit_code.has_value());
  EXPECT_EQ(child->log_tail(), "last words\n");
}

INSTANTIATE_TEST_SUITE_P(All, FatalSignal,
                         testing::Values(SIGHUP, SIGINT, SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGKILL,
                                         SIGSEGV, SIGPIPE, SIGTERM, SIGSYS, SIGXCPU),
                         [](const auto& parameter) { return signal_name(parameter.param); });

TEST(ExitReason, IsSaidInWords) {
  EXPECT_EQ(describe({std::nullopt, SIGSEGV}), "killed by SIGSEGV");
  EXPECT_EQ(describe({7, std::nullopt}), "exited with code 7");
}

TEST(ChildEnd, ExitCodeIsKept) {
  const auto child = spawn(shell("exit 41"));
  EXPECT_EQ(child->wait(kLong)->exit_code, 41);
  EXPECT_EQ(child->wait(0)->exit_code, 41);
  EXPECT_FALSE(child->killed_by_oom());
}

TEST(ChildEnd, WaitGivesUpOnALivingChild) {
  const auto child = spawn(shell("sleep 1000"));
  EXPECT_FALSE(child->wait(0.05).has_value());
  EXPECT_TRUE(exists(child->pid()));
  child->kill_now();
  EXPECT_EQ(child->wait(0)->signal, SIGKILL);
  EXPECT_FALSE(exists(child->pid()));
  child->kill_now();
}

TEST(ChildEnd, StoppedAndSignalProofChildrenAreKilled) {
  const auto child = spawn(shell("trap '' TERM INT HUP; echo up >&4; kill -STOP $$; sleep 1000"));
  EXPECT_EQ(child->read_line(kLong).line, "up");
  child->kill_now();
  EXPECT_EQ(child->wait(0)->signal, SIGKILL);
}

// Grandchildren of several kinds, each writing its pid: same group, own session, orphan of an orphan.
const char* const kGrandchildren =
    "sh -c 'echo $$ end > \"$D/group\"; sleep 1000' & "
    "setsid sh -c 'echo $$ end > \"$D/session\"; sleep 1000' & "
    "setsid sh -c '(setsid sh -c \"echo \\$\\$ end > $D/orphan; sleep 1000\" &) ; exit 0' & ";

struct Family {
  TempDir dir;
  std::unique_ptr<Child> child;
  std::vector<int> pids;

  explicit Family(const std::string& end) {
    SpawnSpec spec = shell(kGrandchildren + end);
    spec.env["D"] = (dir / "").string();
    child = spawn(spec);
    for (const char* const name : {"group", "session", "orphan"}) {
      pids.push_back(read_pid(dir / name));
      EXPECT_TRUE(exists(pids.back())) << name;
    }
  }
  [[nodiscard]] int alive() const {
    int count = 0;
    for (const int pid : pids) {
      count += exists(pid) ? 1 : 0;
    }
    return count;
  }
};

TEST(ChildEnd, KillTakesAllDescendants) {
  Family family("sleep 1000");
  family.child->kill_now();
  EXPECT_EQ(family.alive(), 0);
}

TEST(ChildEnd, DestructorLeavesNoOrphan) {
  Family family("sleep 1000");
  family.child.reset();
  EXPECT_EQ(family.alive(), 0);
}

TEST(ChildEnd, SurvivorsWithOpenPipesDelayNothing) {
  Family family("echo out; printf half >&4; exit 5");
  const ReadResult last = family.child->read_line(kLong);
  EXPECT_EQ(last.status, ReadStatus::closed);
  EXPECT_EQ(last.line, "half");
  EXPECT_EQ(family.child->wait(kLong)->exit_code, 5);
  EXPECT_EQ(family.alive(), 3);
  family.child->kill_now();
  EXPECT_EQ(family.alive(), 0);
  EXPECT_EQ(family.child->wait(0)->exit_code, 5);  // the end it had is not rewritten
  EXPECT_EQ(family.child->log_tail(), "out\n");
}

TEST(ChildEnd, SurvivorThatWritesForEverDelaysNothing) {
  const auto child = spawn(shell("yes noise & yes reply >&4 & exit 0"));
  EXPECT_EQ(child->wait(kLong)->exit_code, 0);
}

TEST(ChildEnd, OtherChildrenAndOlderProcessesLiveOn) {
  const int foreign = ::fork();
  if (foreign == 0) {
    ::execl("/bin/sleep", "sleep", "1000", nullptr);
    ::_exit(1);
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(50));  // ages are told in hundredths of a second
  const auto other = spawn(shell("read -r x <&3; echo \"$x\" >&4; sleep 1000"));
  const auto child = spawn(shell("sleep 1000"));
  child->kill_now();
  const auto sent = other->send_line("still here", kLong);
  EXPECT_TRUE(sent.has_value()) << (sent ? "" : sent.error().text());
  EXPECT_EQ(other->read_line(kLong).line, "still here");
  EXPECT_EQ(::kill(foreign, SIGKILL), 0);
  EXPECT_EQ(::waitpid(foreign, nullptr, 0), foreign);
}

TEST(Tree, ReadsTheStatOfAProcessWithAnAwkwardName) {
  const TempDir dir;
  const std::filesystem::path program = dir / "a) S 1 (b";
  std::filesystem::copy_file("/bin/sleep", program);
  SpawnSpec spec;
  spec.argv = {program.string(), "1000"};
  const auto child = spawn(spec);
  const auto stat = read_stat(child->pid());
  ASSERT_TRUE(stat.has_value());
  EXPECT_EQ(stat->parent, ::getpid());
  EXPECT_GT(stat->start_ticks, 0);
  EXPECT_FALSE(read_stat(0).has_value());
}

}  // namespace
}  // namespace mia::proc
