// SPDX-License-Identifier: MIT
#include "judge/tuning.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <vector>

#include <gtest/gtest.h>

#include "epochs.h"

namespace mia::judge {
namespace {

using Times = std::vector<std::optional<double>>;

Race two(double cost_of_second = 1) {
  return Race({{"n_threads=2", 1}, {"n_threads=4", cost_of_second}}, 0);
}

void add(Race& race, const Times& times) {
  race.add_block(times);
}

TEST(Race, BeforeTheFirstBlockAllRaceAndTheIncumbentLeads) {
  Race race({{"a", 1}, {"b", 1}, {"c", 1}}, 1);
  EXPECT_EQ(race.leader(), 1U);
  stats::Random random(1);
  const auto block = race.next_block(random);
  EXPECT_EQ(std::set<std::size_t>(block.begin(), block.end()), (std::set<std::size_t>{0, 1, 2}));
  EXPECT_FALSE(race.decided());
}

TEST(Race, BlocksAreShuffled) {
  Race race({{"a", 1}, {"b", 1}, {"c", 1}, {"d", 1}}, 0);
  stats::Random random(2);
  std::set<std::vector<std::size_t>> orders;
  for (int i = 0; i < 50; ++i) {
    orders.insert(race.next_block(random));
  }
  EXPECT_GT(orders.size(), 10U);
}

TEST(Race, OneBlockDropsNothing) {
  Race race = two();
  add(race, {1.0, 6.0});  // a compiler ran beside it
  EXPECT_EQ(race.standing(1), RaceState::racing);
  add(race, {1.0, 0.5});
  EXPECT_EQ(race.standing(1), RaceState::racing);
}

TEST(Race, SecondBlockDropsWhatWasTwiceSevenPercentSlower) {
  Race both = two();
  add(both, {1.0, 1.08});
  add(both, {1.0, 1.08});
  EXPECT_EQ(both.standing(1), RaceState::slower);
  Race once = two();
  add(once, {1.0, 1.20});
  add(once, {1.0, 1.06});
  EXPECT_EQ(once.standing(1), RaceState::racing);
}

TEST(Race, FromTheThirdBlockTJudges) {
  // Differences 0.03 ± 0.01: t = 0.03 / (0.01 / sqrt 3) = 5.2.
  Race clear = two();
  for (const double d : {0.02, 0.03, 0.04}) {
    add(clear, {1.0, std::exp(d)});
  }
  EXPECT_EQ(clear.standing(1), RaceState::slower);
  // t = 0.02 / (0.01 / sqrt 3) = 3.5: not with three blocks, but with four.
  Race later = two();
  for (const double d : {0.01, 0.02, 0.03}) {
    add(later, {1.0, std::exp(d)});
  }
  EXPECT_EQ(later.standing(1), RaceState::racing);
  add(later, {1.0, std::exp(0.02)});
  EXPECT_EQ(later.standing(1), RaceState::slower);
}

TEST(Race, EquallyFastOnesLeaveTheCheaper) {
  for (const double cost : {0.5, 2.0}) {
    Race race = two(cost);
    for (int i = 0; i < 3; ++i) {
      add(race, {1.0 + 0.001 * i, 1.0 + 0.001 * (2 - i)});
      EXPECT_EQ(race.standing(0), RaceState::racing);
      EXPECT_EQ(race.standing(1), RaceState::racing);
    }
    add(race, {1.0, 1.0});
    EXPECT_EQ(race.standing(cost < 1 ? 0 : 1), RaceState::as_fast) << cost;
    EXPECT_EQ(race.leader(), cost < 1 ? 1U : 0U) << cost;
    EXPECT_TRUE(race.decided());
  }
}

TEST(Race, NearlyEqualIsNotEqualWhenNoisy) {
  Race race = two();
  for (const double d : {0.05, -0.15, 0.05, -0.15}) {
    add(race, {1.0, std::exp(d)});
  }
  EXPECT_EQ(race.standing(0), RaceState::racing);
  EXPECT_EQ(race.standing(1), RaceState::racing);
}

TEST(Race, WhatCouldNotShowAGainAnyMoreLeaves) {
  Race race = two();
  for (const double d : {0.02, -0.02, 0.02}) {
    add(race, {1.0, std::exp(d)});
    EXPECT_EQ(race.standing(1), RaceState::racing);
  }
  add(race, {1.0, std::exp(-0.02)});
  EXPECT_EQ(race.standing(1), RaceState::no_gain);
  EXPECT_TRUE(race.decided());
  EXPECT_EQ(race.winner(), 0U);
}

TEST(Race, TheIncumbentStaysUntilThePairedTCarriesTheGain) {
  // Gains of 0.05 ± 0.01: t = 8.7 with three blocks, 13.4 with five (standard deviation 0.00837). One of two
  // candidates at 14 looks: t of 1 - 0.01 / 14 is 26.4 with 2 degrees of freedom, 10.3 with 3 and 7.5 with 4.
  Race race = two();
  for (const double gain : {0.04, 0.05, 0.06, 0.04}) {
    EXPECT_EQ(race.standing(0), RaceState::racing);
    add(race, {1.0, std::exp(-gain)});
  }
  EXPECT_EQ(race.winner(), 0U) << "t = 0.0475 / (0.00957 / 2) = 9.9";
  add(race, {1.0, std::exp(-0.05)});
  EXPECT_EQ(race.standing(0), RaceState::slower);
  EXPECT_EQ(race.winner(), 1U);
}

TEST(Race, ACertainGainThatIsTooSmallIsNotTaken) {
  Race race = two();
  for (int i = 0; i < 4; ++i) {
    add(race, {1.0, std::exp(-0.015 - 0.0001 * i)});
  }
  EXPECT_EQ(race.winner(), 0U);
  EXPECT_TRUE(race.decided());
}

TEST(Race, TellsWhichGainItNotices) {
  Race race = two();
  EXPECT_FALSE(race.noticeable());
  for (const double d : {0.02, -0.02, 0.02, -0.02}) {
    add(race, {1.0, std::exp(d)});
  }
  // sd 0.0231; t of 1 - 0.01 / 14 with 15 degrees of freedom is 3.90, and the noncentral t that exceeds it with 80 % is
  // nearly (1 - 1 / 60) 3.90 + 0.842 sqrt(1 + 3.90^2 / 30) = 4.87: 4.87 * 0.0231 / 4.
  EXPECT_NEAR(*race.noticeable(), 0.0281, 0.0002);
}

TEST(Race, DriftThatHitsAllAlikeChangesNothing) {
  Race race = two();
  const std::vector<double> drift = {1, 1.6, 0.7, 1.2, 2, 1.1};
  for (std::size_t i = 0; i < 3; ++i) {
    add(race, {drift[i], drift[i] * 1.05});
  }
  EXPECT_EQ(race.standing(1), RaceState::slower);
  EXPECT_NEAR(race.differences(1, 0)[1], std::log(1.05), 1e-9);
  EXPECT_EQ(race.leader(), 0U);
}

TEST(Race, EndsAfterSixteenBlocksOrAfterSixWithoutTheIncumbent) {
  Race open = two();
  stats::Random random(3);
  for (int i = 0; i < 16; ++i) {
    EXPECT_FALSE(open.decided()) << i;
    add(open, {1.0, std::exp(i % 2 == 0 ? 0.005 : -0.095)});  // t = 3.5 of 3.9 with all 16
  }
  EXPECT_TRUE(open.decided());
  EXPECT_TRUE(open.next_block(random).empty());
  Race beaten({{"a", 0}, {"b", 1}, {"c", 2}}, 0);
  for (int i = 0; i < 6; ++i) {
    EXPECT_FALSE(beaten.decided()) << i;
    add(beaten, {1.5 + 0.001 * i, i % 2 == 0 ? 1.06 : 0.94, 1.0});
  }
  EXPECT_EQ(beaten.standing(0), RaceState::slower);
  EXPECT_TRUE(beaten.decided());
}

TEST(Race, FailuresLeaveAndNeverLead) {
  Race race({{"a", 1}, {"b", 1}, {"c", 1}}, 0);
  add(race, {std::nullopt, 1.0, std::numeric_limits<double>::infinity()});
  EXPECT_EQ(race.standing(0), RaceState::failed);
  EXPECT_EQ(race.standing(2), RaceState::failed);
  EXPECT_EQ(race.leader(), 1U);
  EXPECT_TRUE(race.decided());
  Race none = two();
  add(none, {0.0, -1.0});
  EXPECT_FALSE(none.leader());
  EXPECT_FALSE(none.winner());
  Race missing = two();
  add(missing, {1.0});
  EXPECT_EQ(missing.standing(1), RaceState::failed);
}

TEST(Race, FindsTheBestOfManyOnANoisyMachine) {
  // Eight candidates 0, 1, 2 ... 7 times 3 % apart, run noise 2 %, drift shared by a block.
  stats::Random random(4);
  int near_best = 0;
  std::int64_t runs = 0;
  constexpr int kTrials = 200;
  for (int trial = 0; trial < kTrials; ++trial) {
    std::vector<Candidate> candidates;
    for (int i = 0; i < 8; ++i) {
      candidates.push_back({std::to_string(i), 1});
    }
    Race race(candidates, 7);
    while (!race.decided()) {
      Times times(8);
      const double drift = 0.1 * normal(random);
      for (const std::size_t i : race.next_block(random)) {
        times[i] = std::exp(0.03 * static_cast<double>(i) + drift + 0.02 * normal(random));
        ++runs;
      }
      race.add_block(times);
    }
    near_best += *race.leader() <= 1 ? 1 : 0;
  }
  EXPECT_GE(near_best, 190);
  EXPECT_LT(runs, kTrials * 8 * 5);  // far from six full blocks
}

TEST(Roofline, NothingToWinNearTheLimit) {
  EXPECT_TRUE(at_roofline(0.95, 1));
  EXPECT_FALSE(at_roofline(0.94, 1));
  EXPECT_FALSE(at_roofline(0, 1));
}

}  // namespace
}  // namespace mia::judge
