// SPDX-License-Identifier: MIT
#include "stats/drift.h"

#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "draws.h"
#include "stats/proportions.h"

namespace mia::stats {
namespace {

TEST(Drift, AStraightLineExplainsEverything) {
  std::vector<PlacedValue> values;
  for (int i = 0; i < 12; ++i) {
    values.push_back({i % 3, static_cast<double>(i), 10.0 * (i % 3) + 0.5 * i});
  }
  EXPECT_NEAR(drift(values)->share, 1, 1e-9);
}

TEST(Drift, LevelsOfCellsAreNoDrift) {
  // Two cells measured one after the other, flat within each: a plain regression would see a slope.
  std::vector<PlacedValue> values;
  Random random(41);
  for (int i = 0; i < 40; ++i) {
    values.push_back({i / 20, static_cast<double>(i), (i < 20 ? 0.0 : 5.0) + 0.1 * draw_normal(random)});
  }
  EXPECT_LT(drift(values)->share, 0.15);
}

TEST(Drift, NoiseAloneExplainsNearlyNothing) {
  Random random(42);
  double sum = 0;
  for (int trial = 0; trial < 300; ++trial) {
    std::vector<PlacedValue> values;
    for (int i = 0; i < 12; ++i) {
      values.push_back({i % 3, static_cast<double>(i), draw_normal(random)});
    }
    sum += drift(values)->share;
  }
  EXPECT_LT(sum / 300, 0.08);  // unadjusted R squared would be 1 / 9 = 0.11
}

TEST(Drift, NoiseIsSignificantAsOftenAsTheLevelSays) {
  Random random(43);
  std::int64_t alarms = 0;
  constexpr int kTrials = 2000;
  for (int trial = 0; trial < kTrials; ++trial) {
    std::vector<PlacedValue> values;
    for (int i = 0; i < 8; ++i) {  // two values a cell, where a share of 30 % is nothing unusual
      values.push_back({i % 4, static_cast<double>(i), draw_normal(random)});
    }
    alarms += drift(values)->p < 0.05 ? 1 : 0;
  }
  const Interval rate = *proportion_interval(alarms, kTrials, 0.99);
  EXPECT_LE(rate.low, 0.05);
  EXPECT_GE(rate.high, 0.05);
}

TEST(Drift, AdjustedShareOfAKnownRegression) {
  // x 1..5, y 2 4 5 4 5: R squared 0.6, adjusted 1 - 0.4 * 4 / 3 = 0.46667.
  const std::vector<PlacedValue> values = {{0, 1, 2}, {0, 2, 4}, {0, 3, 5}, {0, 4, 4}, {0, 5, 5}};
  EXPECT_NEAR(drift(values)->share, 0.4666667, 1e-6);
  EXPECT_NEAR(drift(values)->p, 0.1240, 1e-4);  // t = 0.6 / 0.2828 with 3 degrees of freedom
}

TEST(Drift, SaysNothingOfTooLittle) {
  EXPECT_FALSE(drift({}));
  EXPECT_FALSE(drift(std::vector<PlacedValue>{{0, 1, 1}, {0, 2, 2}, {0, 3, 4}}));
  EXPECT_TRUE(drift(std::vector<PlacedValue>{{0, 1, 1}, {0, 2, 2}, {0, 3, 4}, {0, 4, 4}}));
  EXPECT_FALSE(drift(std::vector<PlacedValue>{{0, 1, 3}, {0, 2, 3}, {0, 3, 3}, {0, 4, 3}}));
  EXPECT_FALSE(drift(std::vector<PlacedValue>{{0, 1, 1}, {0, 1, 2}, {0, 1, 3}, {0, 1, 4}}));
}

TEST(Drift, SlopeOfAKnownRegression) {
  // Slope 0.6, residual sum 2.4, standard error sqrt(2.4 / 3 / 10).
  const auto found = slope(std::vector<double>{1, 2, 3, 4, 5}, std::vector<double>{2, 4, 5, 4, 5});
  ASSERT_TRUE(found);
  EXPECT_NEAR(found->value, 0.6, 1e-12);
  EXPECT_NEAR(found->standard_error, std::sqrt(0.08), 1e-12);
  EXPECT_FALSE(slope(std::vector<double>{1, 2}, std::vector<double>{1, 2}));
  EXPECT_FALSE(slope(std::vector<double>{1, 1, 1}, std::vector<double>{1, 2, 3}));
  EXPECT_FALSE(slope(std::vector<double>{1, 2, 3}, std::vector<double>{1, 2}));
}

TEST(Drift, LjungBoxByHand) {
  // 1 2 3 4 5: r1 = 0.4, Q = 5 * 7 * 0.16 / 4 = 1.4, p of chi squared with 1 degree of freedom.
  EXPECT_NEAR(*ljung_box_p(std::vector<double>{1, 2, 3, 4, 5}, 1), std::erfc(std::sqrt(1.4 / 2)), 1e-9);
  EXPECT_FALSE(ljung_box_p(std::vector<double>{1, 2, 3}, 0));
  EXPECT_FALSE(ljung_box_p(std::vector<double>{1, 2, 3}, 3));
  EXPECT_FALSE(ljung_box_p(std::vector<double>{1, 1, 1}, 1));
}

TEST(Drift, LjungBoxHoldsItsLevelAndSeesCorrelation) {
  Random random(43);
  int alarms = 0;
  int found = 0;
  for (int trial = 0; trial < 500; ++trial) {
    std::vector<double> noise = draw_normals(random, 60);
    alarms += *ljung_box_p(noise, 5) < 0.05 ? 1 : 0;
    for (std::size_t i = 1; i < noise.size(); ++i) {
      noise[i] += 0.6 * noise[i - 1];
    }
    found += *ljung_box_p(noise, 5) < 0.05 ? 1 : 0;
  }
  EXPECT_LE(proportion_interval(alarms, 500, 0.999)->low, 0.055);
  EXPECT_GE(proportion_interval(alarms, 500, 0.999)->high, 0.045);
  EXPECT_GT(found, 450);
}

}  // namespace
}  // namespace mia::stats
