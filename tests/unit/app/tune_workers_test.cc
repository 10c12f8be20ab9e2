// SPDX-License-Identifier: MIT
#include "app/tune_workers.h"

#include <gtest/gtest.h>

namespace mia::app {
namespace {

constexpr TurnCosts kCosts{1, 6, 4};  // a start of 1 s, turns of 2 and 4 s, together 4 s as raced

TEST(TuneBudget, AProofIsFiveEpochsOfTwoFreshProcesses) {
  const ProofPlan plan = plan_proof(kCosts, 900);
  EXPECT_EQ(plan.pairs, 4);
  EXPECT_TRUE(plan.whole);
  EXPECT_DOUBLE_EQ(plan.seconds, 1.25 * 5 * (2 * 1 + 6 * (2 + 4)));  // two turns to warm up; a quarter to spare
}

TEST(TuneBudget, LittleTimeLeavesFewerPairsAndThenShorterTurns) {
  EXPECT_EQ(plan_proof(kCosts, 237.5).pairs, 4);
  EXPECT_EQ(plan_proof(kCosts, 237).pairs, 3);
  const ProofPlan cut = plan_proof(kCosts, 120);  // 125 s with one whole pair
  EXPECT_EQ(cut.pairs, 2);
  EXPECT_FALSE(cut.whole);
  EXPECT_DOUBLE_EQ(cut.seconds, 12.5 * (1 + 4 * 2));
  const ProofPlan none = plan_proof(kCosts, 1);
  EXPECT_EQ(none.pairs, 1);
  EXPECT_DOUBLE_EQ(none.seconds, 12.5 * (1 + 3 * 2));
}

TEST(TuneBudget, TheRaceLeavesTheProofItsTime) {
  EXPECT_DOUBLE_EQ(race_s(kCosts, 900), 900 - 237.5);
  EXPECT_DOUBLE_EQ(race_s(kCosts, 300), 300 - 162.5);  // 2 pairs: with 3 the race had a third
  EXPECT_DOUBLE_EQ(race_s(kCosts, 60), 60);            // no proof fits
  EXPECT_DOUBLE_EQ(race_s({}, 60), 60);                // nothing is known yet
}

}  // namespace
}  // namespace mia::app
