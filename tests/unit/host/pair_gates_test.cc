// SPDX-License-Identifier: MIT
#include "host/pair_gates.h"

#include <gtest/gtest.h>

namespace mia::host {
namespace {

using Reasons = std::vector<std::string>;

record::Machine two_cpus() {
  record::Machine machine;
  machine.logical_cpus = 2;
  return machine;
}

record::Conditions quiet(double wall_s = 0.5) {
  record::Conditions seen;
  seen.wall_s = wall_s;
  seen.steal_s = 0;
  seen.other_cpu_s = 0.01;
  seen.psi_cpu_some_s = 0.001;
  seen.psi_memory_some_s = 0;
  seen.swap_in_pages = 0;
  seen.throttle_events = 0;
  return seen;
}

// Both ways round: a gate that favours an arm would bias the comparison.
Reasons both_ways(const record::Conditions& a, const record::Conditions& b) {
  const Reasons found = pair_voided_by(a, b, two_cpus());
  EXPECT_EQ(found, pair_voided_by(b, a, two_cpus()));
  return found;
}

TEST(PairGates, QuietPairsCount) {
  EXPECT_EQ(both_ways(quiet(), quiet(0.4)), Reasons{});
}

TEST(PairGates, WhatBothRunsShareCancels) {
  record::Conditions disturbed = quiet();
  disturbed.steal_s = 0.2;
  disturbed.other_cpu_s = 0.6;
  disturbed.psi_cpu_some_s = 0.4;
  EXPECT_EQ(both_ways(disturbed, disturbed), Reasons{});
}

TEST(PairGates, SharesAreOfEachRunsOwnTime) {
  record::Conditions longer = quiet(1.0);
  longer.other_cpu_s = 0.8;
  record::Conditions shorter = quiet(0.5);
  shorter.other_cpu_s = 0.4;
  EXPECT_EQ(both_ways(longer, shorter), Reasons{});
}

TEST(PairGates, OthersBesideOneRunOnly) {
  record::Conditions disturbed = quiet();
  disturbed.other_cpu_s = 0.01 + 0.5 * 0.5;
  EXPECT_EQ(both_ways(quiet(), disturbed), Reasons{}) << "half a CPU is the limit";
  disturbed.other_cpu_s = 0.01 + 0.52 * 0.5;
  EXPECT_EQ(both_ways(quiet(), disturbed), Reasons{"other programs"});
}

TEST(PairGates, StealFromOneRunOnly) {
  record::Conditions disturbed = quiet();
  disturbed.steal_s = 0.05;
  EXPECT_EQ(both_ways(quiet(), disturbed), Reasons{}) << "5 % of two CPUs is the limit";
  disturbed.steal_s = 0.051;
  EXPECT_EQ(both_ways(quiet(), disturbed), Reasons{"steal"});
}

TEST(PairGates, BoundToPartOfTheMachineTheShareIsOfThatPart) {
  record::Conditions a = quiet();
  record::Conditions disturbed = quiet();
  disturbed.steal_s = 0.051;
  a.watched_cpus = disturbed.watched_cpus = 4;
  EXPECT_EQ(both_ways(a, disturbed), Reasons{});
}

TEST(PairGates, TicksOfShortRunsAreNoise) {
  record::Conditions stolen = quiet(0.05);
  stolen.steal_s = 0.02;
  EXPECT_EQ(both_ways(quiet(0.05), stolen), Reasons{});
  record::Conditions others = quiet(0.05);
  others.other_cpu_s = 0.05;
  EXPECT_EQ(both_ways(quiet(0.05), others), Reasons{});
}

TEST(PairGates, WhatNoRatioRepairs) {
  record::Conditions swapped = quiet();
  swapped.swap_in_pages = 1;
  EXPECT_EQ(both_ways(quiet(), swapped), Reasons{"swap"});
  record::Conditions hot = quiet();
  hot.throttle_events = 1;
  EXPECT_EQ(both_ways(hot, hot), Reasons{"CPU heat"});
  record::Conditions pressed = quiet();
  pressed.psi_memory_some_s = 0.026;
  EXPECT_EQ(both_ways(pressed, quiet()), Reasons{"memory pressure"});
  record::Conditions slowed = quiet();
  slowed.gpu_throttle_reasons = 0x40;
  EXPECT_EQ(both_ways(quiet(), slowed), Reasons{"GPU slowdown"});
  slowed.gpu_throttle_reasons = 0x4;
  EXPECT_EQ(both_ways(quiet(), slowed), Reasons{}) << "a power cap is normal operation";
}

TEST(PairGates, UnknownSensorsVoidNothing) {
  EXPECT_EQ(both_ways({}, {}), Reasons{});
  record::Conditions disturbed = quiet();
  disturbed.other_cpu_s = 0.6;
  disturbed.steal_s = 0.6;
  EXPECT_EQ(both_ways({}, disturbed), Reasons{}) << "the other side is not known";
}

TEST(PairGates, SeveralReasonsAreAllNamed) {
  record::Conditions disturbed = quiet();
  disturbed.steal_s = 0.3;
  disturbed.other_cpu_s = 0.5;
  disturbed.swap_in_pages = 4;
  EXPECT_EQ(both_ways(quiet(), disturbed), (Reasons{"steal", "other programs", "swap"}));
}

TEST(PairGates, DisturbedIsWhatHitEitherRun) {
  const auto disturbed = [](const record::Conditions& a, const record::Conditions& b) {
    const Reasons found = pair_disturbed_by(a, b, two_cpus());
    EXPECT_EQ(found, pair_disturbed_by(b, a, two_cpus()));
    return found;
  };
  EXPECT_EQ(disturbed(quiet(), quiet()), Reasons{});
  EXPECT_EQ(disturbed({}, {}), Reasons{});
  record::Conditions hit = quiet();
  hit.other_cpu_s = 0.25 * 0.5;
  EXPECT_EQ(disturbed(quiet(), hit), Reasons{}) << "a quarter of a CPU is the limit";
  hit.other_cpu_s = 0.26 * 0.5;
  EXPECT_EQ(disturbed(quiet(), hit), Reasons{"other programs"});
  EXPECT_EQ(disturbed(hit, hit), Reasons{"other programs"}) << "also what both share";
  EXPECT_EQ(both_ways(quiet(), hit), Reasons{}) << "and it is not voided for it";
  hit.steal_s = 0.051;
  EXPECT_EQ(disturbed(quiet(), hit), (Reasons{"steal", "other programs"}));
  record::Conditions brief = quiet(0.1);
  brief.other_cpu_s = 0.05;
  EXPECT_EQ(disturbed(quiet(0.1), brief), Reasons{}) << "ticks of a short run are noise";
}

}  // namespace
}  // namespace mia::host
