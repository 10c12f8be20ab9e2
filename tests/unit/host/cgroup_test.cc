// SPDX-License-Identifier: MIT
#include "host/cgroup.h"

#include <gtest/gtest.h>

#include "host/memory.h"
#include "temp_tree.h"

namespace mia::host {
namespace {

constexpr std::int64_t kGib = std::int64_t{1} << 30U;

TEST(CgroupLimits, V2TakesTheTightestOfAllLevels) {
  const TempTree tree;
  tree.put("proc/self/cgroup", "0::/outer/inner\n");
  tree.put("sys/fs/cgroup/outer/memory.max", std::to_string(2 * kGib));
  tree.put("sys/fs/cgroup/outer/memory.current", std::to_string(kGib));
  tree.put("sys/fs/cgroup/outer/memory.stat", "anon 5\ninactive_file 536870912\n");
  tree.put("sys/fs/cgroup/outer/inner/memory.max", "max\n");
  tree.put("sys/fs/cgroup/outer/inner/cpu.max", "400000 100000\n");
  tree.put("sys/fs/cgroup/outer/cpu.max", "250000 100000\n");
  const CgroupLimits limits = cgroup_limits(tree.root());
  EXPECT_EQ(limits.memory_bytes, 2 * kGib);
  EXPECT_EQ(limits.memory_headroom_bytes, 2 * kGib - kGib / 2);
  EXPECT_EQ(limits.cpus, 2.5);
}

TEST(CgroupLimits, V1ReadsEachControllerUnderItsOwnMount) {
  const TempTree tree;
  tree.put("proc/self/cgroup", "4:memory:/box\n3:cpu,cpuacct:/box\n");
  tree.put("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  tree.put("sys/fs/cgroup/memory/box/memory.limit_in_bytes", std::to_string(3 * kGib));
  tree.put("sys/fs/cgroup/memory/box/memory.usage_in_bytes", std::to_string(4 * kGib));
  tree.put("sys/fs/cgroup/cpu/box/cpu.cfs_quota_us", "50000\n");
  tree.put("sys/fs/cgroup/cpu/box/cpu.cfs_period_us", "100000\n");
  tree.put("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n");
  tree.put("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
  const CgroupLimits limits = cgroup_limits(tree.root());
  EXPECT_EQ(limits.memory_bytes, 3 * kGib);
  EXPECT_EQ(limits.memory_headroom_bytes, 0);
  EXPECT_EQ(limits.cpus, 0.5);
}

TEST(CgroupLimits, AContainerWhosePathIsNotMountedReadsTheMount) {
  const TempTree tree;
  tree.put("proc/self/cgroup", "0::/docker/not-here\n");
  tree.put("sys/fs/cgroup/memory.max", std::to_string(kGib));
  EXPECT_EQ(cgroup_limits(tree.root()).memory_bytes, kGib);
}

TEST(CgroupLimits, APathOutOfTheNamespaceIsNotFollowed) {
  const TempTree tree;
  tree.put("proc/self/cgroup", "0::/../../../sys/fs/other\n");
  tree.put("sys/fs/other/memory.max", "4096\n");
  tree.put("sys/fs/cgroup/memory.max", std::to_string(kGib));
  EXPECT_EQ(cgroup_limits(tree.root()).memory_bytes, kGib);
}

TEST(CgroupLimits, NothingThereIsNothingKnown) {
  const TempTree tree;
  const CgroupLimits limits = cgroup_limits(tree.root());
  EXPECT_FALSE(limits.memory_bytes);
  EXPECT_FALSE(limits.memory_headroom_bytes);
  EXPECT_FALSE(limits.cpus);
}

TEST(AvailableMemory, IsTheLesserOfMachineAndGroup) {
  const TempTree tree;
  EXPECT_FALSE(available_memory_bytes(tree.root()));
  tree.put("proc/meminfo", "MemTotal: 8388608 kB\nMemAvailable: 4194304 kB\n");
  EXPECT_EQ(available_memory_bytes(tree.root()), 4 * kGib);
  tree.put("proc/self/cgroup", "0::/\n");
  tree.put("sys/fs/cgroup/memory.max", std::to_string(2 * kGib));
  tree.put("sys/fs/cgroup/memory.current", std::to_string(kGib));
  EXPECT_EQ(available_memory_bytes(tree.root()), kGib);
}

}  // namespace
}  // namespace mia::host
