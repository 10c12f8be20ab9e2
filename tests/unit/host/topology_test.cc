// SPDX-License-Identifier: MIT
#include "host/topology.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <unistd.h>

namespace mia::host {
namespace {

record::Machine example() {
  record::Machine machine;
  machine.cpu_model = "AMD EPYC 9654";
  machine.logical_cpus = 16;
  machine.physical_cores = 8;
  machine.numa_nodes = 1;
  machine.caches = {{.level = 3, .bytes = 33554432, .count = 1}};
  machine.memory_bytes = std::int64_t{64} << 30U;
  machine.gpus = {{"NVIDIA Test 4000", std::int64_t{24} << 30U, "550.54", "12.4", std::nullopt}};
  return machine;
}

TEST(Fingerprint, IsTheSameForTheSameHardware) {
  record::Machine other = example();
  other.hostname = "elsewhere";
  other.kernel = "Linux 6.1.0-28";
  other.allowed_cpus = 2;
  other.memory_limit_bytes = 1;
  other.governor = "performance";
  other.gpus[0].driver = "560.1";
  other.memory_bytes = *other.memory_bytes - (std::int64_t{30} << 20U);
  EXPECT_EQ(fingerprint(other), fingerprint(example()));
  EXPECT_EQ(fingerprint(example()).size(), 16U);
}

TEST(Fingerprint, ChangesWithEachPartOfTheHardware) {
  const std::string same = fingerprint(example());
  std::vector<record::Machine> others(6, example());
  others[0].cpu_model = "AMD EPYC 9754";
  others[1].physical_cores = 16;
  others[2].numa_nodes = 2;
  others[3].caches[0].count = 2;
  others[4].memory_bytes = std::int64_t{32} << 30U;
  others[5].gpus.clear();
  for (const record::Machine& other : others) {
    EXPECT_NE(fingerprint(other), same);
  }
}

TEST(Inspect, AgreesWithTheKernel) {
  const record::Machine machine = inspect();
  EXPECT_EQ(machine.logical_cpus, ::sysconf(_SC_NPROCESSORS_ONLN));
  EXPECT_EQ(machine.memory_bytes, ::sysconf(_SC_PHYS_PAGES) * ::sysconf(_SC_PAGESIZE));
  EXPECT_FALSE(machine.kernel.empty());
  EXPECT_EQ(machine.fingerprint, fingerprint(machine));
  ASSERT_TRUE(machine.physical_cores);
  EXPECT_LE(*machine.physical_cores, *machine.logical_cpus);
}

TEST(Inspect, SeesTheAffinityButStillTheWholeMachine) {
  cpu_set_t before;
  ASSERT_EQ(::sched_getaffinity(0, sizeof(before), &before), 0);
  cpu_set_t one;
  CPU_ZERO(&one);
  for (int cpu = 0; cpu < CPU_SETSIZE && CPU_COUNT(&one) == 0; ++cpu) {
    if (CPU_ISSET(cpu, &before)) {
      CPU_SET(cpu, &one);
    }
  }
  ASSERT_EQ(::sched_setaffinity(0, sizeof(one), &one), 0);
  const record::Machine machine = inspect();
  ASSERT_EQ(::sched_setaffinity(0, sizeof(before), &before), 0);
  EXPECT_EQ(machine.allowed_cpus, 1);
  EXPECT_EQ(machine.logical_cpus, ::sysconf(_SC_NPROCESSORS_ONLN));
}

}  // namespace
}  // namespace mia::host
