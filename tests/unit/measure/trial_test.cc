// SPDX-License-Identifier: MIT
#include "measure/trial.h"

#include <gtest/gtest.h>

namespace mia::measure {
namespace {

record::Trial trial_of(const char* offloaded) {
  record::Trial trial;
  trial.facts = {{"offloaded_layers", offloaded}, {"model_layers", "25"}};
  return trial;
}

constexpr record::UsualBandwidth kUsual{80, 70};

// Half of the memory's bandwidth is gone.
void slow_down(record::Trial& trial) {
  trial.conditions.canary_before_gb_s = 45;
  trial.conditions.canary_after_gb_s = 40;
}

bool is_voided(record::Trial trial, const char* type = "gpu") {
  slow_down(trial);
  return !host::voided_by(trial.conditions,
                          gates_for(trial, {{"CPU", "", "cpu", {}, {}, ""}, {"GPU0", "", type, {}, {}, ""}}, kUsual))
              .empty();
}

TEST(GatesFor, MemoryBandwidthMattersWhereTheCpuReadsWeights) {
  EXPECT_TRUE(is_voided(record::Trial{})) << "a runtime that says nothing is taken to read memory";
  EXPECT_TRUE(is_voided(trial_of("0")));
  EXPECT_TRUE(is_voided(trial_of("24")));
  EXPECT_FALSE(is_voided(trial_of("25")));
  EXPECT_TRUE(is_voided(trial_of("25"), "igpu")) << "it reads the same memory";
  record::Trial mixed = trial_of("25");
  slow_down(mixed);
  const std::vector<record::Device> both = {{"GPU0", "", "gpu", {}, {}, ""}, {"GPU1", "", "igpu", {}, {}, ""}};
  EXPECT_FALSE(host::voided_by(mixed.conditions, gates_for(mixed, both, kUsual)).empty()) << "layers may lie on either";
  record::Trial moved = trial_of("25");
  moved.requested.llm.n_cpu_moe = 2;
  EXPECT_TRUE(is_voided(moved));
  moved = trial_of("25");
  moved.requested.llm.override_tensor = "ffn=CPU";
  EXPECT_TRUE(is_voided(moved));
  moved = trial_of("25");
  moved.requested.llm.offload_kqv = false;
  EXPECT_TRUE(is_voided(moved));
}

record::Conditions readings(double before, double after) {
  record::Conditions seen;
  seen.canary_before_gb_s = before;
  seen.canary_after_gb_s = after;
  return seen;
}

// Readings of a two-core machine where nothing else runs: one in four is half of the others.
TEST(UsualBandwidth, ReadingsThatScatterVoidNothing) {
  UsualBandwidth bandwidth;
  for (const auto& [before, after] : {std::pair{25.7, 12.6}, {26.7, 24.9}, {25.1, 17.4}}) {
    EXPECT_FALSE(bandwidth.at(2)) << "fewer than eight readings";
    bandwidth.learn(2, readings(before, after));
  }
  bandwidth.learn(2, readings(24.8, 26.2));
  const auto usual = bandwidth.at(2);
  ASSERT_TRUE(usual);
  EXPECT_NEAR(usual->gb_s, 25, 0.3);
  record::Gates gates;
  gates.bandwidth = usual;
  EXPECT_TRUE(host::voided_by(readings(12.6, 25.7), gates).empty()) << "one slow moment of two";
  EXPECT_TRUE(host::voided_by(readings(24, 21.5), gates).empty());
  EXPECT_EQ(host::voided_by(readings(13, 12.6), gates).size(), 1U) << "both";
  EXPECT_FALSE(bandwidth.at(1)) << "one thread reads another bandwidth";
}

TEST(UsualBandwidth, TheNoiseOfTheReadingsIsTheLimitAndATenthTheLeast) {
  UsualBandwidth steady;
  UsualBandwidth restless;
  for (int i = 0; i < 8; ++i) {
    steady.learn(1, readings(10, 10.02));
    restless.learn(1, readings(8, 12));
  }
  EXPECT_NEAR(steady.at(1)->least_gb_s, 9.01, 0.02);
  EXPECT_LT(restless.at(1)->least_gb_s, 5);
}

TEST(UsualBandwidth, WhatWasNotReadTeachesNothing) {
  UsualBandwidth bandwidth;
  for (int i = 0; i < 8; ++i) {
    bandwidth.learn(1, record::Conditions{});
    bandwidth.learn(1, readings(0, 0));
  }
  EXPECT_FALSE(bandwidth.at(1));
}

}  // namespace
}  // namespace mia::measure
