// SPDX-License-Identifier: MIT
#include "judge/epoch_plan.h"

#include <gtest/gtest.h>

#include <cmath>

namespace mia::judge {
namespace {

constexpr EpochCosts kCosts{2, 0.5};

std::int64_t best(const EpochSpread& spread, const EpochBounds& bounds = {kMostPairs, 20, std::nullopt}) {
  return plan_pairs(kCosts, spread, 0.03, bounds);
}

TEST(EpochPlan, PairsWhereThePairsScatterAndEpochsWhereTheyDo) {
  EXPECT_EQ(best({0.001, 0.001}), kFewestPairs) << "five epochs suffice whatever their pairs";
  EXPECT_EQ(best({0.04, 0.01}), 4) << "12 epochs of 4 s, not 8 of 6.5";
  EXPECT_GE(best({0.3, 0.005}), 20);
  EXPECT_EQ(best({0.04, 0.15}), kFewestPairs) << "20 epochs are not enough, and pairs are no help";
  EXPECT_EQ(best({0.04, 0.03}), 8) << "here they are";
  EXPECT_EQ(best({0.001, 0.001, true}), kFirstPairs) << "the median of three may be a stall";
}

// Where the margin is out of reach, what the time allows decides.
TEST(EpochPlan, LittleTimeIsSpentWhereItNarrowsTheIntervalMost) {
  EXPECT_EQ(best({0.04, 0.15}, {kMostPairs, 20, TimeLeft{35, 3}}), kFewestPairs);
  EXPECT_LT(best({0.3, 0.01}, {kMostPairs, 20, TimeLeft{35, 3}}), 20) << "three more epochs of 11.5 s, not two of 14";
  EXPECT_EQ(best({0.3, 0.01}, {2, 20, TimeLeft{10, 3}}), 2) << "no more than the most";
}

TEST(EpochPlan, SpreadsOfPairsAndEpochs) {
  const std::vector<std::vector<double>> pairs = {
      {0.1, 0.12, 0.1, 0.12}, {-0.1, -0.08, -0.1, -0.08}, {0, 0.02, 0, 0.02}};
  const std::vector<double> epochs = {0.11, -0.09, 0.01};
  const auto spread = spread_of(pairs, epochs);
  ASSERT_TRUE(spread);
  EXPECT_NEAR(spread->within, 0.02 * 1.4826 / std::sqrt(2.0), 1e-12);
  EXPECT_NEAR(spread->of_epoch(4), 0.1, 1e-12) << "of four pairs each, as seen";
  EXPECT_GT(spread->share_between(4), 0.97);
  EXPECT_FALSE(spread->stalls);
  EXPECT_FALSE(spread_of({}, {}));
}

// One stall in four pairs makes their standard deviation 15 %, and says nothing of the epochs' medians.
TEST(EpochPlan, AStallIsNotTheSpreadOfPairs) {
  const std::vector<std::vector<double>> pairs = {
      {0, 0.01, 0.3, 0.01, 0}, {0.01, 0, 0.01, 0, 0.01}, {0, 0.01, 0, 0.01, 0}};
  const std::vector<double> epochs = {0.01, 0.01, 0};
  EXPECT_LT(spread_of(pairs, epochs)->within, 0.011);
  EXPECT_TRUE(spread_of(pairs, epochs)->stalls);
}

TEST(EpochPlan, OnePairAnEpochLeavesAllToTheEpochs) {
  const std::vector<std::vector<double>> pairs = {{0.1}, {-0.1}, {0}};
  const std::vector<double> epochs = {0.1, -0.1, 0};
  const auto spread = spread_of(pairs, epochs);
  ASSERT_TRUE(spread);
  EXPECT_EQ(spread->within, 0);
  EXPECT_DOUBLE_EQ(spread->between, 0.1);
  EXPECT_DOUBLE_EQ(spread->share_between(1), 1);
}

TEST(EpochPlan, TheTimeLeavesEightEpochsElseFiveElseOnePair) {
  EXPECT_EQ(most_pairs(kCosts, {10'000, 0}), kMostPairs);
  EXPECT_EQ(most_pairs(kCosts, {60, 0}), 11);  // 8 * (2 + 11 / 2) = 60
  EXPECT_EQ(most_pairs(kCosts, {59, 0}), 10);
  EXPECT_EQ(most_pairs(kCosts, {28, 0}), 3);
  EXPECT_EQ(most_pairs(kCosts, {27, 0}), 4);  // eight with two pairs, or five with four and a quarter to spare
  EXPECT_EQ(most_pairs(kCosts, {20, 0}), 2);
  EXPECT_EQ(most_pairs(kCosts, {20, 3}), 4);   // five more
  EXPECT_EQ(most_pairs(kCosts, {20, 9}), 24);  // the next one
  EXPECT_EQ(most_pairs(kCosts, {0, 0}), 1);
}

TEST(EpochPlan, WhatFitsIsWhatIsPlanned) {
  for (const std::int64_t epochs : {1, 5, 8}) {
    for (const std::int64_t pairs : {1, 4, 24}) {
      EXPECT_EQ(pairs_within(kCosts, planned_s(kCosts, pairs, epochs) + 1e-9, epochs), pairs);
    }
  }
  EXPECT_EQ(pairs_within(kCosts, 1, 5), 0);
  EXPECT_EQ(pairs_within({2, 0}, 1, 5), kMostPairs) << "what a pair costs is not known";
}

}  // namespace
}  // namespace mia::judge
