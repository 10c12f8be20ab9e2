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

// Half of the memory's bandwidth went away during the trial.
bool is_voided(record::Trial trial, const char* type = "gpu") {
  trial.conditions.canary_before_gb_s = 80;
  trial.conditions.canary_after_gb_s = 40;
  return !host::voided_by(trial.conditions, {},
                          gates_for(trial, {{"CPU", "", "cpu", {}, {}, ""}, {"GPU0", "", type, {}, {}, ""}}))
              .empty();
}

TEST(GatesFor, MemoryBandwidthMattersWhereTheCpuReadsWeights) {
  EXPECT_TRUE(is_voided(record::Trial{})) << "a runtime that says nothing is taken to read memory";
  EXPECT_TRUE(is_voided(trial_of("0")));
  EXPECT_TRUE(is_voided(trial_of("24")));
  EXPECT_FALSE(is_voided(trial_of("25")));
  EXPECT_TRUE(is_voided(trial_of("25"), "igpu")) << "it reads the same memory";
  record::Trial mixed = trial_of("25");
  mixed.conditions.canary_before_gb_s = 80;
  mixed.conditions.canary_after_gb_s = 40;
  const std::vector<record::Device> both = {{"GPU0", "", "gpu", {}, {}, ""}, {"GPU1", "", "igpu", {}, {}, ""}};
  EXPECT_FALSE(host::voided_by(mixed.conditions, {}, gates_for(mixed, both)).empty()) << "layers may lie on either";
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

}  // namespace
}  // namespace mia::measure
