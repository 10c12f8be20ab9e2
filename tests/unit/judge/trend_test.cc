// SPDX-License-Identifier: MIT
#include "judge/trend.h"

#include <gtest/gtest.h>

namespace mia::judge {
namespace {

std::vector<SessionLevel> levels_of(const std::vector<double>& values) {
  std::vector<SessionLevel> levels;
  for (const double value : values) {
    levels.push_back({"s" + std::to_string(levels.size()), "", "", value, 2});
  }
  return levels;
}

TEST(Trend, AStepIsWhereItIs) {
  const Trend trend = trend_of(levels_of({100, 100.5, 99.5, 100, 100.2, 99.8, 120, 120.5, 119.5, 120, 120.2, 119.8}));
  ASSERT_EQ(trend.changes.size(), 1U);
  EXPECT_EQ(trend.changes[0].index, 6U);
  EXPECT_FALSE(trend.alarm);
}

TEST(Trend, AShiftTooYoungForAChangeIsAnAlarm) {
  const Trend trend = trend_of(levels_of({100, 100.5, 99.5, 100, 100.2, 99.8, 100.1, 99.7, 100.3, 120}));
  EXPECT_TRUE(trend.changes.empty());
  EXPECT_EQ(trend.alarm, 9U);
  EXPECT_FALSE(trend_of(levels_of({100, 100.5, 99.5, 100, 120})).alarm) << "too few known";
}

TEST(Trend, WhatTookNoTimeWasNotMeasured) {
  const Trend trend = trend_of(levels_of({0, 100, -1, 101}));
  ASSERT_EQ(trend.levels.size(), 2U);
  EXPECT_EQ(trend.levels[1].session, "s3");
  EXPECT_TRUE(trend_of({}).levels.empty());
}

TEST(Trend, WhatIsBetterDependsOnTheMetric) {
  EXPECT_EQ(direction_of(*record::find_metric("tokens_per_s"), 0.1), "better");
  EXPECT_EQ(direction_of(*record::find_metric("load_ms"), 0.1), "worse");
  EXPECT_EQ(direction_of(*record::find_metric("prompt_tokens"), -0.1), "down");
}

}  // namespace
}  // namespace mia::judge
