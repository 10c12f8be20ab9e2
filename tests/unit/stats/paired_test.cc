// SPDX-License-Identifier: MIT
#include "stats/paired.h"

#include <cmath>
#include <limits>
#include <vector>

#include <gtest/gtest.h>

#include "draws.h"
#include "stats/proportions.h"

namespace mia::stats {
namespace {

using Values = std::vector<double>;

// Tries every pattern the slow way.
double brute_force_p(const Values& values) {
  const auto patterns = std::uint64_t{1} << values.size();
  double seen = 0;
  for (const double value : values) {
    seen += value;
  }
  std::uint64_t extreme = 0;
  for (std::uint64_t pattern = 0; pattern < patterns; ++pattern) {
    double sum = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
      sum += (pattern >> i & 1U) != 0 ? values[i] : -values[i];
    }
    extreme += std::abs(sum) >= std::abs(seen) - 1e-12 ? 1U : 0U;
  }
  return static_cast<double>(extreme) / static_cast<double>(patterns);
}

TEST(Paired, ALogarithmOfARatioIsShownInPercent) {
  EXPECT_NEAR(percent(std::log(1.03)), 3, 1e-9);
  EXPECT_NEAR(percent(-std::log(2.0)), -50, 1e-9);
}

TEST(Paired, TTestOfStudentsSleepData) {
  // Student (1908), extra hours of sleep, differences of the two drugs: t = 4.0621, df 9, p = 0.002833.
  const Values differences = {1.2, 2.4, 1.3, 1.3, 0.0, 1.0, 1.8, 0.8, 4.6, 1.4};
  const auto test = t_test(differences);
  ASSERT_TRUE(test);
  EXPECT_NEAR(test->t, 4.0621, 1e-4);
  EXPECT_EQ(test->df, 9);
  EXPECT_NEAR(test->p, 0.002833, 1e-6);
  const Interval interval = t_interval(*test, 0.95);
  EXPECT_NEAR(interval.low, 0.7001142, 1e-6);
  EXPECT_NEAR(interval.high, 2.4598858, 1e-6);
}

TEST(Paired, WelchOfStudentsSleepData) {
  // The same data as two groups: t = -1.8608 (first minus second), df 17.776, p = 0.07939.
  const Values first = {0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0};
  const Values second = {1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4};
  const auto test = welch_test(first, second);
  ASSERT_TRUE(test);
  EXPECT_NEAR(test->t, 1.8608, 1e-4);
  EXPECT_NEAR(test->df, 17.776, 1e-3);
  EXPECT_NEAR(test->p, 0.07939, 1e-5);
  EXPECT_NEAR(welch_test(second, first)->t, -test->t, 1e-12);
}

TEST(Paired, TestsNeedTwoValues) {
  EXPECT_FALSE(t_test(Values{}));
  EXPECT_FALSE(t_test(Values{1}));
  EXPECT_TRUE(t_test(Values{1, 2}));
  EXPECT_FALSE(welch_test(Values{1}, Values{1, 2}));
}

TEST(Paired, ValuesWithoutSpreadAreCertainOrEqual) {
  EXPECT_EQ(t_test(Values{0, 0, 0})->p, 1);
  EXPECT_EQ(t_test(Values{0.5, 0.5, 0.5})->p, 0);
  EXPECT_EQ(welch_test(Values{1, 1}, Values{1, 1})->p, 1);
}

TEST(Paired, SignFlipCountsPatterns) {
  Random random(1);
  EXPECT_EQ(sign_flip_p(Values{}, random), 1);
  EXPECT_EQ(sign_flip_p(Values{5}, random), 1);
  EXPECT_EQ(sign_flip_p(Values{1, 2, 3}, random), 2.0 / 8);
  EXPECT_EQ(sign_flip_p(Values{1, 1, -1}, random), 1);
  EXPECT_EQ(sign_flip_p(Values{1, 1, 1, 1, 1, 1, 1, 1}, random), 2.0 / 256);
  EXPECT_EQ(sign_flip_p(Values{0, 0, 0, 0}, random), 1);
}

TEST(Paired, SignFlipAgreesWithBruteForce) {
  Random random(2);
  for (std::size_t n = 1; n <= 12; ++n) {
    Values values = draw_normals(random, n);
    values[0] += 0.7;
    EXPECT_NEAR(sign_flip_p(values, random), brute_force_p(values), 1e-12) << n;
  }
}

TEST(Paired, SignFlipHandlesTies) {
  Random random(3);
  const Values tied = {0.01, 0.01, 0.02, -0.01, 0.02, 0.03, 0.01, 0.02, 0.02, 0.01};
  EXPECT_NEAR(sign_flip_p(tied, random), brute_force_p(tied), 1e-12);
}

TEST(Paired, SignFlipKnowsNoScaleAndNoSign) {
  Random random(4);
  const Values values = draw_normals(random, 11);
  Values scaled;
  for (const double value : values) {
    scaled.push_back(-1e-3 * value);
  }
  EXPECT_EQ(sign_flip_p(values, random), sign_flip_p(scaled, random));
}

TEST(Paired, RandomSignFlipsComeNearTheExactOnes) {
  Random random(5);
  Values values = draw_normals(random, 20);
  for (double& value : values) {
    value += 0.45;
  }
  const double exact = sign_flip_p(values, random);
  // Another value of no weight makes the test draw its patterns.
  values.push_back(0);
  const double drawn = sign_flip_p(values, random);
  EXPECT_NEAR(drawn, exact, 5 * std::sqrt(exact / 10'000) + 1e-4);
  EXPECT_GT(drawn, 0);
  const Values certain(30, 1.0);
  EXPECT_DOUBLE_EQ(sign_flip_p(certain, random), 1.0 / 10'001);
}

TEST(Paired, SignFlipIsUniformWhenArmsAreEqual) {
  Random random(6);
  constexpr int kTrials = 3000;
  int below = 0;
  for (int i = 0; i < kTrials; ++i) {
    Values values;
    for (int k = 0; k < 10; ++k) {
      values.push_back(draw_heavy(random));
    }
    below += sign_flip_p(values, random) <= 0.05 ? 1 : 0;  // 51 of 1024 patterns, so nearly 5 %
  }
  const auto rate = proportion_interval(below, kTrials, 0.999);
  EXPECT_LE(rate->low, 0.05);
  EXPECT_GE(rate->high, 0.048);
}

TEST(Paired, SignFlipIntervalIsTheTestTurnedAround) {
  Random random(7);
  for (int i = 0; i < 30; ++i) {
    Values values = draw_normals(random, 10);
    const auto interval = sign_flip_interval(values, 0.03);
    ASSERT_TRUE(interval);
    EXPECT_NEAR(interval->level, 1 - 30.0 / 1024, 1e-12);  // 15 patterns on each side
    const auto p_shifted = [&](double shift) {
      Values shifted = values;
      for (double& value : shifted) {
        value -= shift;
      }
      return sign_flip_p(shifted, random);
    };
    EXPECT_LE(p_shifted(interval->low - 1e-6), 0.03);
    EXPECT_GT(p_shifted(interval->low + 1e-6), 0.03);
    EXPECT_GT(p_shifted(interval->high - 1e-6), 0.03);
    EXPECT_LE(p_shifted(interval->high + 1e-6), 0.03);
  }
}

TEST(Paired, SignFlipIntervalNeedsPatternsThatRare) {
  const Values five = {1, 2, 3, 4, 5};
  EXPECT_FALSE(sign_flip_interval(five, 0.05));  // 2 / 32 is the rarest
  const auto interval = sign_flip_interval(five, 2.0 / 32);
  ASSERT_TRUE(interval);
  EXPECT_NEAR(interval->low, 1, 1e-12);
  EXPECT_NEAR(interval->high, 5, 1e-12);
  EXPECT_FALSE(sign_flip_interval(Values{}, 0.5));
  EXPECT_FALSE(sign_flip_interval(Values(21, 1.0), 0.05));
}

TEST(Paired, AutocorrelationOfKnownSeries) {
  EXPECT_NEAR(*lag1_autocorrelation(Values{1, -1, 1, -1}), -0.75, 1e-12);
  EXPECT_NEAR(*lag1_autocorrelation(Values{1, 2, 3, 4, 5}), 0.4, 1e-12);
  EXPECT_FALSE(lag1_autocorrelation(Values{1, 2}));
  EXPECT_FALSE(lag1_autocorrelation(Values{3, 3, 3, 3}));
}

TEST(Paired, SmallestDetectableEffectIsFoundThatOften) {
  for (const std::int64_t n : {5, 10, 20}) {
    constexpr double kP = 0.01;
    constexpr double kPower = 0.9;
    const double effect = smallest_detectable(1, n, kP, kPower);
    Random random(8 + static_cast<std::uint64_t>(n));
    int found = 0;
    constexpr int kTrials = 4000;
    for (int i = 0; i < kTrials; ++i) {
      Values values = draw_normals(random, static_cast<std::size_t>(n));
      for (double& value : values) {
        value += effect;
      }
      found += t_test(values)->p < kP ? 1 : 0;
    }
    EXPECT_NEAR(static_cast<double>(found) / kTrials, kPower, 0.02) << n;  // 4 standard errors
  }
}

TEST(Paired, ValuesNeededAreTheFewestThatFindTheEffect) {
  for (const double sd : {0.01, 0.03, 0.1}) {
    const std::int64_t n = values_needed(sd, 0.03, 0.01, 0.9);
    EXPECT_LE(smallest_detectable(sd, n, 0.01, 0.9), 0.03) << sd;
    EXPECT_GT(smallest_detectable(sd, n - 1, 0.01, 0.9), 0.03) << sd;
  }
  EXPECT_EQ(values_needed(1e9, 0.03, 0.01, 0.9), 1'000'000);
}

TEST(Paired, AnEffectOfOrderIsTakenOut) {
  // Values 0.01 +- 0.05 by order and a little noise: the mean is far from nothing once the order is known.
  const Values noise = {0.001, -0.002, 0.0015, 0.0005, -0.001, 0.002, -0.0015, 0.001};
  Values values;
  std::vector<bool> first;
  for (std::size_t i = 0; i < noise.size(); ++i) {
    first.push_back(i % 2 == 0);
    values.push_back(0.01 + (first.back() ? 0.05 : -0.05) + noise[i]);
  }
  EXPECT_GT(t_test(values)->p, 0.5);
  const auto rest = without_order(values, first);
  ASSERT_TRUE(rest);
  EXPECT_LT(rest->test.p, 1e-4);
  EXPECT_EQ(rest->test.df, 6);
  EXPECT_NEAR(rest->test.estimate, *mean(values), 1e-12);  // balanced: the mean stays
  EXPECT_FALSE(without_order(values, std::vector<bool>(8, true)));
  EXPECT_FALSE(without_order(Values{1, 2}, {true, false}));
}

TEST(Paired, AnUnbalancedOrderMovesTheMean) {
  // Three firsts at 0.05 and two seconds at -0.05: without the order nothing is left.
  const auto rest = without_order(Values{0.05, 0.051, 0.049, -0.05, -0.05}, {true, true, true, false, false});
  ASSERT_TRUE(rest);
  EXPECT_NEAR(rest->test.estimate, 0, 1e-3);
  EXPECT_GT(rest->test.p, 0.5);
}

}  // namespace
}  // namespace mia::stats
