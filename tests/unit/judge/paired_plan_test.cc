// SPDX-License-Identifier: MIT
// What a comparison makes of its time: pairs, epochs and what it says of them.
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "epochs.h"
#include "judge/paired_test.h"

namespace mia::judge {
namespace {

PairedTest fresh() {
  return PairedTest::make({}).value();
}

// Epochs that lie `between` apart, each of eight pairs that scatter by `within`.
void add_epochs(PairedTest& test, int epochs, double between, double within) {
  stats::Random random(90);
  for (int i = 0; i < epochs; ++i) {
    EpochFigures epoch;
    for (int k = 0; k < 8; ++k) {
      epoch.pairs.push_back(pair_of({between * (i % 3 - 1) + within * normal(random), 0, 0}));
    }
    test.add_epoch(epoch);
  }
}

TEST(PairedPlan, PairsOfTheNextEpochFollowTheSpreads) {
  PairedTest restless = fresh();
  EXPECT_EQ(restless.pairs_for_next_epoch({5, 0.5}, std::nullopt), 8);
  add_epochs(restless, 3, 0.1, 0.001);
  EXPECT_EQ(restless.pairs_for_next_epoch({5, 0.5}, std::nullopt), 3) << "all the spread lies between epochs";
  PairedTest noisy = fresh();
  add_epochs(noisy, 3, 0, 0.2);
  const std::int64_t many = noisy.pairs_for_next_epoch({50, 0.5}, std::nullopt);
  EXPECT_GT(many, 16);
  add_epochs(noisy, 1, 0.5, 0);
  EXPECT_EQ(noisy.pairs_for_next_epoch({50, 0.5}, std::nullopt), many) << "planned after 3, 5 and 8 epochs only";
}

// Their place says nothing about how many pairs are worth it.
TEST(PairedPlan, ThePlanSeesNoMean) {
  std::set<std::pair<std::int64_t, std::int64_t>> plans;
  for (const double mean : {0.0, 0.02, -0.5}) {
    PairedTest test = fresh();
    for (int i = 0; i < 5; ++i) {
      EpochFigures epoch;
      for (int k = 0; k < 8; ++k) {
        epoch.pairs.push_back(pair_of({mean + 0.01 * i + (k % 3) * 0.02, 0, 0}));
      }
      test.add_epoch(epoch);
    }
    const std::int64_t pairs = test.pairs_for_next_epoch({4, 0.5}, 100);
    plans.emplace(pairs, test.most_epochs());
  }
  EXPECT_EQ(plans.size(), 1U);
}

TEST(PairedPlan, ABudgetHoldsTheFirstLooksAndItsLastSpendsAllOfAlpha) {
  PairedTest test = fresh();
  // A start of 2.5 s and pairs of 1.3 s: eight pairs would leave time for four epochs in a minute.
  EXPECT_EQ(test.pairs_for_next_epoch({}, 60), 8) << "what pairs cost is not known yet";
  add_epochs(test, 1, 0.1, 0.02);
  const std::int64_t pairs = test.pairs_for_next_epoch({2.5, 1.3}, 50);
  EXPECT_EQ(pairs, 3) << "seven more in 50 s";
  EXPECT_EQ(test.most_epochs(), 20);
  add_epochs(test, 2, 0.1, 0.02);
  EXPECT_EQ(test.pairs_for_next_epoch({2.5, 1.3}, 34), 3);
  EXPECT_EQ(test.most_epochs(), 8) << "3 done and 5 of 6.4 s, were each a tenth shorter, in 34 s";
  add_epochs(test, 5, 0.1, 0.02);
  EXPECT_TRUE(test.look().stop);
  record::Comparison found;
  test.describe(found);
  EXPECT_EQ(found.stopped, "the last of the 8 epochs that the budget holds is done");
  PairedTest free = fresh();
  add_epochs(free, 8, 0.1, 0.02);
  record::Comparison unplanned;
  static_cast<void>(free.finish("the budget ended it"));
  free.describe(unplanned);
  EXPECT_LT(*unplanned.statistics[0].p_limit, *found.statistics[0].p_limit / 2);
}

std::vector<std::string> notes_of(const PairedTest& test) {
  record::Comparison found;
  test.describe(found);
  return found.notes;
}

TEST(PairedPlan, RestartsThatDifferMoreThanRunsAreNamed) {
  PairedTest restless = fresh();
  add_epochs(restless, 4, 0.1, 0.005);
  EXPECT_TRUE(notes_of(restless).empty()) << "four epochs say little of what restarts differ by";
  add_epochs(restless, 2, 0.1, 0.005);
  const std::vector<std::string> notes = notes_of(restless);
  ASSERT_EQ(notes.size(), 1U);
  EXPECT_EQ(notes[0].find("restarts differ more than runs do: 8."), 0U) << notes[0];
  EXPECT_NE(notes[0].find("100 % of the variance"), std::string::npos) << notes[0];
  PairedTest steady = fresh();
  add_epochs(steady, 6, 0.01, 0.0005);
  EXPECT_TRUE(notes_of(steady).empty()) << "a third of the margin";
  PairedTest noisy = fresh();
  add_epochs(noisy, 6, 0.1, 0.3);
  EXPECT_TRUE(notes_of(noisy).empty()) << "what pairs differ by explains it";
}

TEST(PairedPlan, AForecastIsThereFromThreeEpochsOn) {
  PairedTest test = fresh();
  add_epochs(test, 2, 0.1, 0.001);
  EXPECT_FALSE(test.forecast({2, 0.5}));
  add_epochs(test, 1, 0.1, 0.001);
  const auto forecast = test.forecast({2, 0.5});
  ASSERT_TRUE(forecast);
  EXPECT_GT(forecast->epochs, 50);
  EXPECT_DOUBLE_EQ(forecast->seconds, static_cast<double>(forecast->epochs) * 3.5);
  PairedTest quiet = fresh();
  add_epochs(quiet, 3, 0.001, 0.001);
  EXPECT_EQ(quiet.forecast({2, 0.5})->epochs, 5);
}

TEST(PairedPlan, AnEpochKeepsWhoWasStartedFirst) {
  record::PairEpoch epoch;
  EXPECT_TRUE(figures_of(epoch).a_started);
  epoch.a_started = false;
  EXPECT_FALSE(figures_of(epoch).a_started);
}

}  // namespace
}  // namespace mia::judge
