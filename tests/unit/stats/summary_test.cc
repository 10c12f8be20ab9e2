// SPDX-License-Identifier: MIT
#include "stats/summary.h"

#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "draws.h"

namespace mia::stats {
namespace {

using Values = std::vector<double>;

TEST(Summary, NothingHasNoFigures) {
  const Values none;
  EXPECT_FALSE(mean(none));
  EXPECT_FALSE(median(none));
  EXPECT_FALSE(quantile(none, 0.5));
  EXPECT_FALSE(floor_percentile(none, 0.5));
  EXPECT_FALSE(standard_deviation(none));
  EXPECT_FALSE(mad(none));
  EXPECT_FALSE(fastest_quarter_mean(none));
  EXPECT_FALSE(median_interval(none, 0.95));
}

TEST(Summary, OneValueIsItsOwnCentreAndHasNoSpread) {
  const Values one = {7};
  EXPECT_EQ(median(one), 7);
  EXPECT_EQ(quantile(one, 0.95), 7);
  EXPECT_EQ(floor_percentile(one, 1.0), 7);
  EXPECT_EQ(mad(one), 0);
  EXPECT_FALSE(standard_deviation(one));
  EXPECT_FALSE(median_interval(one, 0.5));
}

TEST(Summary, KnownFigures) {
  const Values values = {4, 1, 3, 2};
  EXPECT_EQ(mean(values), 2.5);
  EXPECT_EQ(median(values), 2.5);
  EXPECT_NEAR(*standard_deviation(values), std::sqrt(5.0 / 3), 1e-12);
  EXPECT_EQ(mad(Values{1, 1, 2, 2, 4, 6, 9}), 1);  // the usual textbook example
}

TEST(Summary, QuantileInterpolatesAsNumpyDoes) {
  const Values values = {10, 20, 30, 40, 50};
  EXPECT_DOUBLE_EQ(*quantile(values, 0), 10);
  EXPECT_DOUBLE_EQ(*quantile(values, 0.1), 14);
  EXPECT_DOUBLE_EQ(*quantile(values, 0.95), 48);
  EXPECT_DOUBLE_EQ(*quantile(values, 1), 50);
  EXPECT_FALSE(quantile(values, 1.01));
  EXPECT_FALSE(quantile(values, std::nan("")));
}

TEST(Summary, FloorPercentileTakesTheElementAtTheFlooredIndex) {
  Values hundred;
  for (int i = 100; i >= 1; --i) {
    hundred.push_back(i);
  }
  EXPECT_EQ(floor_percentile(hundred, 0.95), 96);  // sorted[95]
  EXPECT_EQ(floor_percentile(hundred, 0.5), 51);
  EXPECT_EQ(floor_percentile(hundred, 1), 100);
  EXPECT_EQ(floor_percentile(Values{1, 2, 3}, 0.95), 3);
}

TEST(Summary, FastestQuarterIsTheMeanOfTheLeast) {
  EXPECT_EQ(fastest_quarter_mean(Values{9, 1, 8, 7, 3, 6, 9, 9}), 2);
  EXPECT_EQ(fastest_quarter_mean(Values{4, 3, 2, 1, 0.5}), 0.5);  // floor(5 / 4) = 1
  EXPECT_FALSE(fastest_quarter_mean(Values{1, 2, 3}));
}

TEST(Summary, FewestValuesForAnIntervalOfAQuantile) {
  EXPECT_EQ(quantile_min_n(0.5, 0.95), 6);
  EXPECT_EQ(quantile_min_n(0.9, 0.95), 29);
  EXPECT_EQ(quantile_min_n(0.95, 0.95), 59);
  EXPECT_EQ(quantile_min_n(0.05, 0.95), 59);
  EXPECT_EQ(quantile_min_n(0.99, 0.95), 299);
  EXPECT_EQ(quantile_min_n(0.999, 0.95), 2995);
  EXPECT_EQ(quantile_min_n(0.5, 0.4), 2);
  EXPECT_FALSE(quantile_min_n(0, 0.95));
  EXPECT_FALSE(quantile_min_n(0.5, 1));
}

TEST(Summary, MedianIntervalIsTheKnownPairOfRanks) {
  Values values;
  for (int i = 1; i <= 10; ++i) {
    values.push_back(i);
  }
  // Conover's table: ranks 2 and 9 of 10 cover the median with 97.9 %.
  const auto interval = median_interval(values, 0.95);
  ASSERT_TRUE(interval);
  EXPECT_EQ(interval->low, 2);
  EXPECT_EQ(interval->high, 9);
  EXPECT_NEAR(interval->level, 0.978516, 1e-6);
  EXPECT_TRUE(median_interval(std::span(values).first(6), 0.95));
  EXPECT_FALSE(median_interval(std::span(values).first(5), 0.95));
}

TEST(Summary, QuantileIntervalSaysTheCoverageOfItsRanks) {
  for (const int n : {59, 120, 400}) {
    Values values;
    for (int i = 1; i <= n; ++i) {
      values.push_back(i);
    }
    const auto interval = quantile_interval(values, 0.95, 0.95);
    ASSERT_TRUE(interval) << n;
    // Summed term by term: P(low <= Bin(n, 0.95) < high).
    double coverage = 0;
    for (double k = interval->low; k < interval->high; ++k) {
      coverage += std::exp(std::lgamma(n + 1.0) - std::lgamma(k + 1) - std::lgamma(n - k + 1) + k * std::log(0.95) +
                           (n - k) * std::log(0.05));
    }
    EXPECT_NEAR(interval->level, coverage, 1e-9) << n;
    EXPECT_GE(interval->level, 0.95) << n;
    EXPECT_LE(interval->low, 0.95 * n) << n;
    EXPECT_GE(interval->high, 0.95 * n) << n;
  }
}

TEST(Summary, QuantileIntervalIsNotWiderThanThePublishedRanks) {
  Values values;
  for (int i = 1; i <= 1000; ++i) {
    values.push_back(i);
  }
  const auto thousand = quantile_interval(values, 0.99, 0.95);
  ASSERT_TRUE(thousand);
  EXPECT_LE(thousand->high - thousand->low, 997 - 983);
  const auto fourhundred = quantile_interval(std::span(values).first(400), 0.99, 0.95);
  ASSERT_TRUE(fourhundred);
  EXPECT_LE(fourhundred->high - fourhundred->low, 400 - 392);
}

TEST(Summary, MedianIntervalCoversAsOftenAsItSays) {
  Random random(21);
  constexpr int kTrials = 4000;
  int covered = 0;
  double level = 0;
  for (int i = 0; i < kTrials; ++i) {
    Values skewed;
    for (int k = 0; k < 12; ++k) {
      skewed.push_back(draw_exponential(random));
    }
    const auto interval = median_interval(skewed, 0.9);
    level = interval->level;
    covered += interval->low <= std::log(2.0) && std::log(2.0) <= interval->high ? 1 : 0;
  }
  EXPECT_NEAR(static_cast<double>(covered) / kTrials, level, 4 * std::sqrt(level * (1 - level) / kTrials));
}

TEST(Summary, FiguresFollowShiftAndScaleAndIgnoreOrder) {
  Random random(22);
  Values values = draw_normals(random, 40);
  Values moved;
  for (const double value : values) {
    moved.push_back(3 * value + 5);
  }
  EXPECT_NEAR(*median(moved), 3 * *median(values) + 5, 1e-12);
  EXPECT_NEAR(*quantile(moved, 0.9), 3 * *quantile(values, 0.9) + 5, 1e-12);
  EXPECT_NEAR(*standard_deviation(moved), 3 * *standard_deviation(values), 1e-12);
  EXPECT_NEAR(*mad(moved), 3 * *mad(values), 1e-12);
  const Values before = values;
  random.shuffle(std::span(values));
  EXPECT_EQ(median(values), median(before));
  EXPECT_EQ(fastest_quarter_mean(values), fastest_quarter_mean(before));
}

}  // namespace
}  // namespace mia::stats
