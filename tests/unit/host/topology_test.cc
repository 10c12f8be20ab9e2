// SPDX-License-Identifier: MIT
#include "host/topology.h"

#include <gtest/gtest.h>
#include <hwloc.h>
#include <sched.h>
#include <unistd.h>

#include <cstdlib>

#include "host/cpus.h"
#include "temp_tree.h"

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

// A CPU of 4 fast cores (CPUs 0 to 3) and 8 slow ones, as hwloc writes it.
class Hybrid : public ::testing::Test {
 protected:
  void SetUp() override { write("IntelCore", "5000", "IntelAtom", "4000"); }
  void TearDown() override { ::unsetenv("HWLOC_XMLFILE"); }

  void write(const char* fast, const char* fast_mhz, const char* slow, const char* slow_mhz) const {
    hwloc_topology_t topology = nullptr;
    ASSERT_EQ(hwloc_topology_init(&topology), 0);
    ASSERT_EQ(hwloc_topology_set_synthetic(topology, "package:1 core:12 pu:1"), 0);
    ASSERT_EQ(hwloc_topology_load(topology), 0);
    add_kind(topology, 0, 3, 1, fast, fast_mhz);
    add_kind(topology, 4, 11, 0, slow, slow_mhz);
    const std::string file = (tree_.root() / "hybrid.xml").string();
    ASSERT_EQ(hwloc_topology_export_xml(topology, file.c_str(), 0), 0);
    hwloc_topology_destroy(topology);
    ::setenv("HWLOC_XMLFILE", file.c_str(), 1);
  }
  static void add_kind(hwloc_topology_t topology, unsigned first, int last, int efficiency, const char* type,
                       const char* mhz) {
    hwloc_bitmap_t cpus = hwloc_bitmap_alloc();
    hwloc_bitmap_set_range(cpus, first, last);
    std::string names[] = {"CoreType", "FrequencyMaxMHz"};
    std::string values[] = {type, mhz};
    hwloc_info_s infos[] = {{names[0].data(), values[0].data()}, {names[1].data(), values[1].data()}};
    const bool named = *type != '\0';
    EXPECT_EQ(hwloc_cpukinds_register(topology, cpus, efficiency, named ? 2 : 1, named ? infos : infos + 1, 0), 0);
    hwloc_bitmap_free(cpus);
  }
  [[nodiscard]] static record::Machine seen(const std::set<std::int64_t>& affinity,
                                            const std::optional<double>& quota = std::nullopt) {
    record::Machine machine;
    read_cpus(affinity, quota, machine);
    return machine;
  }
  static std::set<std::int64_t> range(std::int64_t first, std::int64_t last) {
    std::set<std::int64_t> cpus;
    for (std::int64_t cpu = first; cpu <= last; ++cpu) {
      cpus.insert(cpu);
    }
    return cpus;
  }
  TempTree tree_;
};

TEST_F(Hybrid, FastCoresAreCounted) {
  const record::Machine machine = seen(range(0, 11));
  EXPECT_EQ(machine.physical_cores, 12);
  EXPECT_EQ(machine.performance_cores, 4);
  EXPECT_EQ(machine.allowed_cores, 12);
  EXPECT_EQ(machine.allowed_performance_cores, 4);
}

TEST_F(Hybrid, OnlyWhatThisProcessMayUseIsAllowed) {
  record::Machine machine = seen(range(2, 5));
  EXPECT_EQ(machine.allowed_cpus, 4);
  EXPECT_EQ(machine.allowed_cores, 4);
  EXPECT_EQ(machine.allowed_performance_cores, 2);
  machine = seen(range(8, 11));
  EXPECT_EQ(machine.allowed_performance_cores, 0);
  machine = seen(range(0, 11), 3.5);
  EXPECT_EQ(machine.allowed_cpus, 3);
  EXPECT_EQ(machine.allowed_cores, 3) << "a quota keeps no more cores busy";
  EXPECT_EQ(machine.allowed_performance_cores, 3);
}

TEST_F(Hybrid, WithoutNamesTheClockTells) {
  write("", "5000", "", "3000");
  EXPECT_EQ(seen(range(0, 11)).performance_cores, 4);
  write("", "5000", "", "4800");
  EXPECT_EQ(seen(range(0, 11)).performance_cores, std::nullopt) << "a little more turbo makes no other kind";
}

TEST(ReadCpus, ThreadsOfOneCoreAreOneCore) {
  ::setenv("HWLOC_SYNTHETIC", "package:2 core:4 pu:2", 1);
  record::Machine machine;
  read_cpus({0, 1, 2}, std::nullopt, machine);
  ::unsetenv("HWLOC_SYNTHETIC");
  EXPECT_EQ(machine.physical_cores, 8);
  EXPECT_EQ(machine.logical_cpus, 16);
  EXPECT_EQ(machine.allowed_cpus, 3);
  EXPECT_EQ(machine.allowed_cores, 2);
  EXPECT_EQ(machine.performance_cores, std::nullopt);
  EXPECT_EQ(machine.allowed_performance_cores, std::nullopt);
}

}  // namespace
}  // namespace mia::host
