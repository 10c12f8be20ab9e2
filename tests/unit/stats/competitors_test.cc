// SPDX-License-Identifier: MIT
#include "stats/competitors.h"

#include <vector>

#include <gtest/gtest.h>

#include "draws.h"
#include "stats/proportions.h"

namespace mia::stats {
namespace {

using Values = std::vector<double>;

TEST(Competitors, SmallestPOfCompleteSeparation) {
  // The table in benchstat's documentation: 2 / C(2n, n).
  EXPECT_NEAR(*mann_whitney_p(Values{1, 2, 3}, Values{4, 5, 6}), 0.1, 1e-9);
  EXPECT_NEAR(*mann_whitney_p(Values{1, 2, 3, 4}, Values{5, 6, 7, 8}), 0.0286, 1e-4);
  EXPECT_NEAR(*mann_whitney_p(Values{1, 2, 3, 4, 5}, Values{6, 7, 8, 9, 10}), 0.0079, 1e-4);
  EXPECT_NEAR(*mann_whitney_p(Values{1, 2, 3, 4, 5, 6}, Values{7, 8, 9, 10, 11, 12}), 0.0022, 1e-4);
}

TEST(Competitors, MannWhitneyByCounting) {
  // Of the 10 ways to place two of five, U <= 1 in two: two-sided 0.4.
  EXPECT_NEAR(*mann_whitney_p(Values{1, 3}, Values{2, 4, 5}), 0.4, 1e-9);
  EXPECT_NEAR(*mann_whitney_p(Values{2, 4, 5}, Values{1, 3}), 0.4, 1e-9);
  EXPECT_EQ(mann_whitney_p(Values{1}, Values{2}), 1);
  EXPECT_FALSE(mann_whitney_p(Values{}, Values{1}));
}

TEST(Competitors, MannWhitneyWithTiesUsesTheCorrectedNormal) {
  // By hand: U = 13.5 of 16, three 2s and two 3s, variance 16 / 12 * (9 - 30 / 56), z = (5.5 - 0.5) / 3.359422.
  EXPECT_NEAR(*mann_whitney_p(Values{1, 2, 2, 3}, Values{2, 3, 4, 5}), 2 * normal_cdf(-5 / 3.359422), 1e-6);
  EXPECT_EQ(mann_whitney_p(Values{1, 1}, Values{1, 1}), 1);
}

TEST(Competitors, ExactAndNormalAgreeWhereBothAreGood) {
  Random random(51);
  const Values a = draw_normals(random, 20);
  Values b = draw_normals(random, 20);
  for (double& value : b) {
    value += 0.6;
  }
  Values larger = b;
  larger.push_back(1.1e-9);  // 21 values: the normal approximation
  EXPECT_NEAR(*mann_whitney_p(a, b), *mann_whitney_p(a, larger), 0.03);
}

TEST(Competitors, DisjointDeviations) {
  EXPECT_EQ(disjoint_deviations(Values{9, 10, 11}, Values{12.5, 13.5, 14.5}), Claim::slower);
  EXPECT_EQ(disjoint_deviations(Values{12.5, 13.5, 14.5}, Values{9, 10, 11}), Claim::faster);
  EXPECT_EQ(disjoint_deviations(Values{9, 10, 11}, Values{10.9, 11.9, 12.9}), Claim::none);
  EXPECT_EQ(disjoint_deviations(Values{9}, Values{20, 21}), Claim::none);
}

TEST(Competitors, RatioExcludesOne) {
  EXPECT_EQ(ratio_excludes_one(Values{9.9, 10, 10.1}, Values{11.9, 12, 12.1}), Claim::slower);
  EXPECT_EQ(ratio_excludes_one(Values{11.9, 12, 12.1}, Values{9.9, 10, 10.1}), Claim::faster);
  EXPECT_EQ(ratio_excludes_one(Values{8, 10, 12}, Values{9, 11, 13}), Claim::none);
  // Deviations add in squares: 1.15 with 1.15 * hypot(0.1, 0.1 / 1.15) = 0.152 touches 1, apart only beyond.
  EXPECT_EQ(ratio_excludes_one(Values{9, 10, 11}, Values{10.5, 11.5, 12.5}), Claim::none);
  EXPECT_EQ(ratio_excludes_one(Values{9, 10, 11}, Values{10.6, 11.6, 12.6}), Claim::slower);
}

TEST(Competitors, WelchAndRankClaims) {
  const Values low = {10, 10.1, 9.9, 10.05, 9.95};
  const Values high = {10.6, 10.7, 10.5, 10.65, 10.55};
  EXPECT_EQ(welch_claim(low, high), Claim::slower);
  EXPECT_EQ(welch_claim(high, low), Claim::faster);
  EXPECT_EQ(welch_claim(low, low), Claim::none);
  EXPECT_EQ(rank_claim(low, high), Claim::slower);
  EXPECT_EQ(rank_claim(high, low), Claim::faster);
  EXPECT_EQ(rank_claim(Values{1, 2, 3}, Values{4, 5, 6}), Claim::none);  // p = 0.1 at best
}

TEST(Competitors, RulesHoldTheirLevelOnIndependentSamples) {
  Random random(52);
  constexpr int kTrials = 2000;
  int welch = 0;
  int ranks = 0;
  for (int i = 0; i < kTrials; ++i) {
    const Values a = draw_normals(random, 10);
    const Values b = draw_normals(random, 10);
    welch += welch_claim(a, b) != Claim::none ? 1 : 0;
    ranks += rank_claim(a, b) != Claim::none ? 1 : 0;
  }
  EXPECT_LE(proportion_interval(welch, kTrials, 0.999)->low, 0.05);
  EXPECT_GE(proportion_interval(welch, kTrials, 0.999)->high, 0.045);
  EXPECT_LE(proportion_interval(ranks, kTrials, 0.999)->low, 0.05);
  EXPECT_GE(proportion_interval(ranks, kTrials, 0.999)->high, 0.043);  // exact: the largest p below 5 % is 4.3 %
}

}  // namespace
}  // namespace mia::stats
