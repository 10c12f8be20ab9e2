// SPDX-License-Identifier: MIT
#include "host/conditions.h"

#include <gtest/gtest.h>

#include "host/preflight.h"
#include "temp_tree.h"

namespace mia::host {
namespace {

Snapshot at(double seconds, double busy_s, double steal_s) {
  Snapshot seen;
  seen.at_ns = static_cast<std::int64_t>(seconds * 1e9);
  seen.cpu = CpuTimes{.busy_s = busy_s, .idle_s = 0, .steal_s = steal_s, .cpus = {}};
  return seen;
}

// A trial of 10 s in which nothing happened.
record::Conditions undisturbed() {
  record::Conditions seen;
  seen.wall_s = 10;
  seen.steal_s = 0;
  seen.psi_cpu_some_s = 0;
  seen.psi_memory_some_s = 0;
  seen.psi_io_some_s = 0;
  seen.other_cpu_s = 0.2;
  seen.throttle_events = 0;
  seen.swap_in_pages = 0;
  return seen;
}

std::size_t reasons(const record::Conditions& seen) {
  return voided_by(seen).size();
}

TEST(Snapshot, ReadsEverySensorOfARecordedMachine) {
  const TempTree tree;
  tree.put("proc/stat", "cpu  100 0 100 1000 0 0 0 300 0 0\n");
  tree.put("proc/pressure/cpu", "some avg10=0.00 avg60=0.00 avg300=0.00 total=1000000\n");
  tree.put("proc/pressure/memory", "some avg10=0.00 avg60=0.00 avg300=0.00 total=2000000\n");
  tree.put("proc/pressure/io", "some avg10=0.00 avg60=0.00 avg300=0.00 total=3000000\n");
  tree.put("proc/loadavg", "1.25 0.40 0.19 1/95 21820\n");
  tree.put("proc/vmstat", "pswpin 42\n");
  tree.put("proc/meminfo", "MemAvailable: 1024 kB\n");
  const std::string cpus = "sys/devices/system/cpu/";
  tree.put(cpus + "cpu0/cpufreq/scaling_cur_freq", "2000000\n");
  tree.put(cpus + "cpu1/cpufreq/scaling_cur_freq", "3000000\n");
  tree.put(cpus + "cpu0/thermal_throttle/core_throttle_count", "2\n");
  tree.put(cpus + "cpu1/thermal_throttle/core_throttle_count", "3\n");
  tree.put(cpus + "cpu0/thermal_throttle/package_throttle_count", "7\n");
  tree.put(cpus + "cpu1/thermal_throttle/package_throttle_count", "7\n");
  tree.put(cpus + "cpufreq/boost", "1\n");
  const Snapshot seen = snapshot(nullptr, tree.root());
  ASSERT_TRUE(seen.cpu);
  EXPECT_GT(seen.cpu->steal_s, 0);
  EXPECT_DOUBLE_EQ(seen.psi_cpu_some_s.value_or(0), 1);
  EXPECT_DOUBLE_EQ(seen.psi_memory_some_s.value_or(0), 2);
  EXPECT_DOUBLE_EQ(seen.psi_io_some_s.value_or(0), 3);
  EXPECT_EQ(seen.load1, 1.25);
  EXPECT_EQ(seen.swap_in_pages, 42);
  EXPECT_EQ(seen.available_bytes, 1024 * 1024);
  EXPECT_EQ(seen.frequency_mhz, 2500);
  EXPECT_EQ(seen.throttle_events, 12);
}

TEST(Snapshot, AMachineWithoutSensorsLeavesThemUnknown) {
  const TempTree tree;
  const Snapshot seen = snapshot(nullptr, tree.root());
  EXPECT_FALSE(seen.cpu);
  EXPECT_FALSE(seen.psi_cpu_some_s);
  EXPECT_FALSE(seen.load1);
  EXPECT_FALSE(seen.frequency_mhz);
  EXPECT_FALSE(seen.throttle_events);
  EXPECT_FALSE(seen.available_bytes);
  EXPECT_FALSE(seen.swap_in_pages);
  const record::Conditions conditions = between(seen, seen, 1.0);
  EXPECT_FALSE(conditions.steal_s);
  EXPECT_FALSE(conditions.other_cpu_s);
  EXPECT_FALSE(conditions.throttle_events);
  EXPECT_FALSE(conditions.gpu_throttle_reasons);
}

TEST(Between, OthersAreWhatTheTrialDidNotUse) {
  const auto seen = between(at(100, 50, 1), at(110, 70, 1.5), 18.0);
  EXPECT_DOUBLE_EQ(seen.wall_s.value_or(0), 10);
  EXPECT_DOUBLE_EQ(seen.steal_s.value_or(0), 0.5);
  EXPECT_DOUBLE_EQ(seen.other_cpu_s.value_or(-1), 2);
}

TEST(Between, BoundToPartOfTheMachineThatPartIsCounted) {
  Snapshot before = at(100, 50, 1);
  Snapshot after = at(110, 70, 2);
  EXPECT_FALSE(between(before, after, 20.0).watched_cpus);
  before.cpu->cpus = after.cpu->cpus = {8, 9, 10, 11};
  EXPECT_EQ(between(before, after, 20.0).watched_cpus, 4);
  before.cpu->cpus = {0, 1, 2, 3};
  const auto moved = between(before, after, 20.0);
  EXPECT_FALSE(moved.steal_s) << "sums of different CPUs";
  EXPECT_FALSE(moved.other_cpu_s);
}

TEST(Between, RoundingNeverMakesOthersNegative) {
  EXPECT_DOUBLE_EQ(between(at(100, 50, 0), at(110, 60, 0), 10.01).other_cpu_s.value_or(-1), 0);
}

TEST(Between, WithoutTheTrialsOwnTimeOthersAreUnknown) {
  EXPECT_FALSE(between(at(100, 50, 0), at(110, 60, 0), std::nullopt).other_cpu_s);
}

TEST(Between, ACounterThatRanBackwardsIsUnknown) {
  Snapshot before = at(100, 50, 2);
  Snapshot after = at(110, 60, 1);
  before.swap_in_pages = 9;
  after.swap_in_pages = 3;
  const auto seen = between(before, after, 1.0);
  EXPECT_FALSE(seen.steal_s);
  EXPECT_FALSE(seen.swap_in_pages);
}

TEST(Between, HeatThatOnlyTheGpusCounterSawIsAThrottleReason) {
  Snapshot before = at(100, 50, 0);
  Snapshot after = at(110, 60, 0);
  GpuState gpu;
  gpu.throttle_reasons = 1;
  gpu.thermal_violation_ns = 500;
  before.gpus = {gpu};
  after.gpus = {gpu};
  EXPECT_FALSE(throttle_voids(between(before, after, 1.0).gpu_throttle_reasons.value_or(0)));
  after.gpus[0].thermal_violation_ns = 900;
  EXPECT_TRUE(throttle_voids(between(before, after, 1.0).gpu_throttle_reasons.value_or(0)));
}

TEST(AddGpu, WhatTheWatchSawJoinsWhatTheCountersSaw) {
  record::Conditions seen;
  seen.gpu_throttle_reasons = 0x20;
  add_gpu(seen, GpuSummary{});
  EXPECT_EQ(seen.gpu_throttle_reasons, 0x20);
  GpuSummary summary;
  summary.samples = 3;
  summary.throttle_reasons = 0x4;
  summary.sm_clock_mhz = 1980;
  add_gpu(seen, summary);
  EXPECT_EQ(seen.gpu_throttle_reasons, 0x24);
  EXPECT_EQ(seen.gpu_sm_clock_mhz, 1980);
}

TEST(VoidedBy, AQuietTrialCounts) {
  EXPECT_EQ(reasons(undisturbed()), 0U);
}

TEST(VoidedBy, UnknownSensorsVoidNothing) {
  EXPECT_EQ(reasons(record::Conditions{}), 0U);
}

// On 16 CPUs half a stolen second of ten is 0.3 % of their time, and what the slowest of 16 threads lost.
TEST(VoidedBy, StealCountsByTheTrialsTimeHoweverManyCpus) {
  record::Conditions seen = undisturbed();
  for (const std::int64_t cpus : {2, 16}) {
    seen.watched_cpus = cpus;
    seen.steal_s = 0.49;
    EXPECT_EQ(reasons(seen), 0U);
    seen.steal_s = 0.51;
    EXPECT_EQ(reasons(seen), 1U);
  }
}

TEST(VoidedBy, TwoTicksOfStealInAShortTrialAreRounding) {
  record::Conditions seen = undisturbed();
  seen.wall_s = 0.1;
  seen.other_cpu_s = 0;
  seen.steal_s = 0.02;
  EXPECT_EQ(reasons(seen), 0U);
  seen.steal_s = 0.03;
  EXPECT_EQ(reasons(seen), 1U);
}

TEST(VoidedBy, OthersVoidWhenTheyUseHalfACpu) {
  record::Conditions seen = undisturbed();
  seen.other_cpu_s = 4.9;
  EXPECT_EQ(reasons(seen), 0U);
  seen.other_cpu_s = 5.1;
  EXPECT_EQ(reasons(seen), 1U);
}

TEST(VoidedBy, PressureOfTheTrialsOwnMakingDoesNotVoid) {
  record::Conditions seen = undisturbed();
  seen.psi_cpu_some_s = 9.5;  // more threads than cores
  seen.psi_io_some_s = 3;     // a cold load
  EXPECT_EQ(reasons(seen), 0U);
  seen.other_cpu_s = 1.5;
  EXPECT_EQ(reasons(seen), 1U);
  seen.psi_cpu_some_s = 0.4;
  EXPECT_EQ(reasons(seen), 0U);
}

TEST(VoidedBy, SwapAndMemoryPressureVoid) {
  record::Conditions seen = undisturbed();
  seen.swap_in_pages = 1;
  EXPECT_EQ(reasons(seen), 1U);
  seen.psi_memory_some_s = 0.6;
  EXPECT_EQ(reasons(seen), 2U);
}

TEST(VoidedBy, HeatVoidsButAPowerCapDoesNot) {
  record::Conditions seen = undisturbed();
  seen.gpu_throttle_reasons = 0x4;
  EXPECT_EQ(reasons(seen), 0U);
  seen.gpu_throttle_reasons = 0x44;
  seen.throttle_events = 1;
  const auto texts = voided_by(seen);
  ASSERT_EQ(texts.size(), 2U);
  EXPECT_NE(texts[1].find("thermal slowdown (hardware)"), std::string::npos) << texts[1];
}

TEST(VoidedBy, BandwidthVoidsWhereBothReadingsAreUnusual) {
  record::Conditions seen = undisturbed();
  record::Gates gates;
  seen.canary_before_gb_s = 20;
  seen.canary_after_gb_s = 5;
  EXPECT_EQ(reasons(seen), 0U) << "what is usual is not known";
  gates.bandwidth = {20, 16};
  EXPECT_TRUE(voided_by(seen, gates).empty());
  seen.canary_before_gb_s = 16.1;
  EXPECT_TRUE(voided_by(seen, gates).empty());
  seen.canary_before_gb_s = 15.9;
  ASSERT_EQ(voided_by(seen, gates).size(), 1U);
  EXPECT_EQ(voided_by(seen, gates)[0],
            "memory gave 15.9 GB/s before and 5.0 GB/s after the trial, usually 20.0, limit 16.0");
  seen.canary_after_gb_s = 30;
  EXPECT_TRUE(voided_by(seen, gates).empty()) << "more than usual is no harm";
  seen.canary_after_gb_s.reset();
  EXPECT_TRUE(voided_by(seen, gates).empty());
}

TEST(VoidedBy, GatesCanBeSet) {
  record::Conditions seen = undisturbed();
  record::Gates gates;
  gates.other_cpus = 0.01;
  EXPECT_EQ(voided_by(seen, gates).size(), 1U);
}

TEST(Observe, LooksAtThisMachineWithoutModelAndGpu) {
  GpuMonitor none = GpuMonitor::open("libno-such-thing.so.1");
  const record::PreflightFacts facts = observe(nullptr, none);
  EXPECT_GT(facts.second.wall_s.value_or(0), 0);
  EXPECT_FALSE(facts.model_bytes);
  EXPECT_TRUE(facts.gpus.empty());
  EXPECT_FALSE(facts.gpu_reason.empty());
}

}  // namespace
}  // namespace mia::host
