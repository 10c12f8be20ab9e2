// SPDX-License-Identifier: MIT
#include "proc/oom.h"

#include <fstream>

#include "shell.h"

namespace mia::proc {
namespace {

namespace fs = std::filesystem;

void put(const fs::path& file, const std::string& text) {
  fs::create_directories(file.parent_path());
  std::ofstream(file) << text;
}

TEST(OomKills, ReadsVersion2) {
  const TempDir dir;
  put(dir / "proc/self/cgroup", "0::/user.slice/job\n");
  put(dir / "cg/user.slice/job/memory.events", "low 0\noom 5\noom_kill 3\noom_group_kill 9\n");
  put(dir / "proc/vmstat", "nr_free_pages 12\noom_kill 7\n");
  const OomKills kills = count_oom_kills(dir / "proc", dir / "cg");
  EXPECT_EQ(kills.cgroup, 3);
  EXPECT_EQ(kills.machine, 7);
}

TEST(OomKills, ReadsVersion1SeenFromInsideAContainer) {
  const TempDir dir;
  put(dir / "proc/self/cgroup", "9:name=systemd:/\n4:cpu,memory:/docker/abc\n0::/\n");
  put(dir / "cg/memory/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n");
  const OomKills kills = count_oom_kills(dir / "proc", dir / "cg");
  EXPECT_EQ(kills.cgroup, 2);
  EXPECT_FALSE(kills.machine.has_value());
}

TEST(OomKills, UnknownIsNotZero) {
  const TempDir dir;
  put(dir / "proc/self/cgroup", "nonsense\n");
  const OomKills none = count_oom_kills(dir / "proc", dir / "cg");
  EXPECT_FALSE(none.cgroup.has_value());
  EXPECT_FALSE(rose(none, {5, 5}));
  EXPECT_FALSE(rose({5, 5}, none));
  EXPECT_FALSE(rose({5, 5}, {5, 5}));
  EXPECT_TRUE(rose({5, 5}, {5, 6}));
  EXPECT_TRUE(rose({5, 5}, {6, 5}));
}

TEST(OomKills, AKillBySomebodyElseIsNotOne) {
  const auto child = spawn(shell("kill -9 $$"));
  EXPECT_EQ(child->wait(60)->signal, SIGKILL);
  EXPECT_FALSE(child->killed_by_oom());
}

// A memory cgroup for one child; skipped where none can be made (needs root and a writable cgroup file system).
TEST(OomKills, TheKernelsKillIsSeen) {
  const bool is_v1 = fs::exists("/sys/fs/cgroup/memory/memory.limit_in_bytes");
  const fs::path group =
      fs::path(is_v1 ? "/sys/fs/cgroup/memory" : "/sys/fs/cgroup") / ("mia-oom-test-" + std::to_string(::getpid()));
  std::error_code code;
  fs::create_directory(group, code);
  const fs::path limit = group / (is_v1 ? "memory.limit_in_bytes" : "memory.max");
  std::ofstream stream(limit);
  if (code || !fs::exists(limit) || !(stream << "60000000" << std::flush)) {
    fs::remove(group, code);
    GTEST_SKIP() << "no memory cgroup can be made here";
  }
  if (!is_v1) {
    std::ofstream(group / "memory.swap.max") << "0";
  }
  SpawnSpec spec = shell("echo $$ > \"$G/cgroup.procs\"; exec perl -e '$x = \"a\" x 500_000_000; print length $x'");
  spec.env["G"] = group.string();
  const auto child = spawn(spec);
  const auto reason = child->wait(60);
  fs::remove(group, code);
  ASSERT_TRUE(reason.has_value());
  EXPECT_EQ(reason->signal, SIGKILL) << child->log_tail();
  EXPECT_TRUE(child->killed_by_oom());
}

}  // namespace
}  // namespace mia::proc
