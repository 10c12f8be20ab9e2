// SPDX-License-Identifier: MIT
#include "stats/sequential.h"

#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "draws.h"
#include "stats/proportions.h"

namespace mia::stats {
namespace {

const std::vector<double> kShares = {0.25, 0.4, 0.55, 0.75, 1};

TEST(Sequential, SpendingStartsAtNothingAndEndsAtAlpha) {
  for (const Spending spending : {Spending::power_1_5, Spending::pocock}) {
    EXPECT_NEAR(spent_alpha(spending, 0.02, 0), 0, 1e-15);
    EXPECT_NEAR(spent_alpha(spending, 0.02, 1), 0.02, 1e-15);
    EXPECT_LT(spent_alpha(spending, 0.02, 0.3), spent_alpha(spending, 0.02, 0.4));
  }
  EXPECT_NEAR(spent_alpha(Spending::power_1_5, 0.01, 0.25), 0.00125, 1e-12);
}

TEST(Sequential, DifferenceBoundariesOfTheMethod) {
  // statistics.md 8b, 0.8 times the nominal p: t of 8.61, 5.17, 4.21, 3.61, 3.23.
  const std::vector<double> p = nominal_p(kShares, 0.01, Spending::power_1_5, Sides::two);
  const std::vector<double> critical = {8.61, 5.17, 4.21, 3.61, 3.23};
  const std::vector<double> epochs = {5, 8, 11, 15, 20};
  for (std::size_t i = 0; i < p.size(); ++i) {
    EXPECT_NEAR(t_quantile(1 - 0.8 * p[i] / 2, epochs[i] - 1), critical[i], 0.006) << i;
  }
}

TEST(Sequential, EquivalenceBoundariesOfTheMethod) {
  const std::vector<double> p = nominal_p(kShares, 0.05, Spending::pocock, Sides::one);
  const std::vector<double> critical = {3.11, 2.73, 2.51, 2.32, 2.19};
  const std::vector<double> epochs = {5, 8, 11, 15, 20};
  for (std::size_t i = 0; i < p.size(); ++i) {
    EXPECT_NEAR(t_quantile(1 - p[i], epochs[i] - 1), critical[i], 0.006) << i;
  }
}

TEST(Sequential, PocockSpendingMatchesPublishedBounds) {
  // Reboussin, DeMets, Kim, Lan (2000): five equal looks, two-sided 5 %.
  const std::vector<double> published = {2.4380, 2.4268, 2.4101, 2.3966, 2.3859};
  const std::vector<double> p =
      nominal_p(std::vector<double>{0.2, 0.4, 0.6, 0.8, 1}, 0.05, Spending::pocock, Sides::two);
  for (std::size_t i = 0; i < p.size(); ++i) {
    EXPECT_NEAR(normal_quantile(1 - p[i] / 2), published[i], 5e-4) << i;
  }
}

TEST(Sequential, OneLookSpendsAll) {
  const std::vector<double> once = {1};
  EXPECT_NEAR(nominal_p(once, 0.01, Spending::power_1_5, Sides::two)[0], 0.01, 1e-9);
  EXPECT_NEAR(nominal_p(once, 0.05, Spending::pocock, Sides::one)[0], 0.05, 1e-9);
  EXPECT_TRUE(nominal_p({}, 0.01, Spending::power_1_5, Sides::two).empty());
}

TEST(Sequential, SmallAlphaKeepsItsDigits) {
  // Tails far out must come from the tail, not from one minus the rest.
  const std::vector<double> p = nominal_p(kShares, 1e-6, Spending::power_1_5, Sides::two);
  EXPECT_NEAR(p[0] / 1.25e-7, 1, 1e-4);
}

TEST(Sequential, AGaussianWalkCrossesWithAlpha) {
  const std::vector<double> p = nominal_p(kShares, 0.05, Spending::power_1_5, Sides::two);
  constexpr int kTrials = 20'000;
  Random random(31);
  int crossed = 0;
  for (int i = 0; i < kTrials; ++i) {
    double walk = 0;
    double t = 0;
    for (std::size_t k = 0; k < kShares.size(); ++k) {
      walk += std::sqrt(kShares[k] - t) * draw_normal(random);
      t = kShares[k];
      if (2 * normal_cdf(-std::abs(walk) / std::sqrt(t)) <= p[k]) {
        ++crossed;
        break;
      }
    }
  }
  const auto rate = proportion_interval(crossed, kTrials, 0.999);
  EXPECT_LE(rate->low, 0.05);
  EXPECT_GE(rate->high, 0.05);
}

TEST(Sequential, LooksOfTheMethodAndOfOtherMaxima) {
  EXPECT_EQ(look_epochs(20), (std::vector<std::int64_t>{5, 8, 11, 15, 20}));
  EXPECT_EQ(look_epochs(40), (std::vector<std::int64_t>{10, 16, 22, 30, 40}));
  EXPECT_EQ(look_epochs(10), (std::vector<std::int64_t>{5, 6, 8, 10}));
  EXPECT_EQ(look_epochs(5), (std::vector<std::int64_t>{5}));
  EXPECT_EQ(look_epochs(3), (std::vector<std::int64_t>{3}));
}

}  // namespace
}  // namespace mia::stats
