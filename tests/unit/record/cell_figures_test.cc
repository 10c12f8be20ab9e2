// SPDX-License-Identifier: MIT
#include "record/cell_figures.h"

#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace mia::record {
namespace {

CellReport cell_of(const std::string& key) {
  CellReport cell;
  cell.key = key;
  return cell;
}

// A run of `tokens` whose second half takes twice as long a token.
Trial trial_of(const std::string& cell, std::int64_t tokens, std::int64_t ms) {
  Run run;
  run.prompt_tokens = 100;
  std::int64_t now = 0;
  for (std::int64_t token = 0; token < tokens; ++token) {
    run.token_ns.push_back(now);
    now += 1'000'000 * (2 * token < tokens - 1 ? ms : 2 * ms);
  }
  Trial trial;
  trial.cell = cell;
  trial.runs = {run};
  return trial;
}

TEST(DecodeCurve, IsTheMedianIntervalOfEachShareOfTheTokens) {
  Report report;
  report.trials = {trial_of("c", 65, 10), trial_of("c", 65, 30), trial_of("other", 65, 1000)};
  const DecodeCurve curve = decode_curve(report, cell_of("c"));
  ASSERT_EQ(curve.tok_s.size(), 16U);
  EXPECT_DOUBLE_EQ(curve.tok_s.front(), 50) << "20 ms, between 10 and 30";
  EXPECT_DOUBLE_EQ(curve.tok_s.back(), 25);
  EXPECT_EQ(curve.depth.front(), 100 + 3 + 2);
  EXPECT_EQ(curve.depth.back(), 100 + 63 + 2);
  report.trials.push_back(trial_of("c", 64, 10));
  EXPECT_TRUE(decode_curve(report, cell_of("c")).tok_s.empty()) << "63 intervals are noise";
  EXPECT_TRUE(decode_curve(report, cell_of("none")).tok_s.empty());
}

TEST(MedianCondition, IsOfTheTrialsThatEndedWell) {
  std::vector<Trial> all(4, trial_of("c", 2, 10));
  for (const auto& [at, mhz] : {std::pair(0U, 1000.0), std::pair(1U, 1500.0), std::pair(2U, 9000.0)}) {
    all[at].conditions.gpu_sm_clock_mhz = mhz;
  }
  all[2].outcome.kind = OutcomeKind::crashed;
  std::vector<const Trial*> trials;
  for (const Trial& trial : all) {
    trials.push_back(&trial);
  }
  const auto clock = [](const Conditions& conditions) { return conditions.gpu_sm_clock_mhz; };
  EXPECT_DOUBLE_EQ(*median_condition(trials, clock), 1250) << "the last one knows none";
  EXPECT_FALSE(median_condition({}, clock));
}

}  // namespace
}  // namespace mia::record
