// SPDX-License-Identifier: MIT
#include "stats/proportions.h"

#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "draws.h"

namespace mia::stats {
namespace {

TEST(Proportions, ClopperPearsonOfKnownCounts) {
  const auto five = proportion_interval(5, 10, 0.95);
  ASSERT_TRUE(five);
  EXPECT_NEAR(five->low, 0.187086, 1e-6);
  EXPECT_NEAR(five->high, 0.812914, 1e-6);
  const auto none = proportion_interval(0, 300, 0.95);
  EXPECT_EQ(none->low, 0);
  EXPECT_NEAR(none->high, 1 - std::pow(0.025, 1.0 / 300), 1e-12);
  EXPECT_EQ(proportion_interval(7, 7, 0.95)->high, 1);
}

TEST(Proportions, CountsThatProveOnePercent) {
  // statistics.md 8c: the 95 % upper bounds of these are at most 1 %, with one alarm more they are not.
  for (const auto& [hits, trials] : {std::pair{0, 300}, std::pair{1, 473}, std::pair{2, 628}}) {
    EXPECT_LE(proportion_interval(hits, trials, 0.9)->high, 0.01) << hits;
    EXPECT_GT(proportion_interval(hits + 1, trials, 0.9)->high, 0.01) << hits;
  }
}

TEST(Proportions, RefusesWhatIsNoCount) {
  EXPECT_FALSE(proportion_interval(0, 0, 0.95));
  EXPECT_FALSE(proportion_interval(-1, 10, 0.95));
  EXPECT_FALSE(proportion_interval(11, 10, 0.95));
}

TEST(Proportions, KolmogorovSmirnovKnowsUniformFromSkewed) {
  Random random(61);
  std::vector<double> even;
  std::vector<double> skewed;
  for (int i = 0; i < 2000; ++i) {
    const double u = random.uniform();
    even.push_back(u);
    skewed.push_back(u * u);
  }
  EXPECT_GT(*uniform_p(even), 0.01);
  EXPECT_LT(*uniform_p(skewed), 1e-6);
  EXPECT_FALSE(uniform_p({}));
}

TEST(Proportions, KolmogorovSmirnovOfOneMiddleValue) {
  // n = 1, D = 0.5; exactly P(D >= 0.5) = 1, the corrected series comes near.
  EXPECT_GT(*uniform_p(std::vector<double>{0.5}), 0.8);
  EXPECT_LT(*uniform_p(std::vector<double>{0.001}), 0.1);
}

TEST(Proportions, KolmogorovSmirnovHoldsItsLevel) {
  Random random(62);
  int alarms = 0;
  constexpr int kTrials = 2000;
  for (int i = 0; i < kTrials; ++i) {
    std::vector<double> values;
    for (int k = 0; k < 30; ++k) {
      values.push_back(random.uniform());
    }
    alarms += *uniform_p(values) < 0.05 ? 1 : 0;
  }
  EXPECT_LE(proportion_interval(alarms, kTrials, 0.999)->low, 0.05);
  EXPECT_GE(proportion_interval(alarms, kTrials, 0.999)->high, 0.045);
}

}  // namespace
}  // namespace mia::stats
