// SPDX-License-Identifier: MIT
#include "judge/statistic_test.h"

#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "stats/distributions.h"

namespace mia::judge {
namespace {

StatisticRule rule_of(double alpha = 0.01) {
  StatisticRule rule;
  rule.name = "speed";
  rule.alpha = alpha;
  rule.margin = std::log1p(0.03);
  rule.floor = std::log1p(0.01);
  rule.looks = {5, 8, 11, 15, 20};
  return rule;
}

// n values with this mean and, by their spread, this t.
std::vector<double> values_with(std::size_t n, double mean, double t) {
  std::vector<double> values;
  double squares = 0;
  for (std::size_t i = 0; i < n; ++i) {
    values.push_back(static_cast<double>(i) - static_cast<double>(n - 1) / 2);
    squares += values.back() * values.back();
  }
  const auto count = static_cast<double>(n);
  const double sd = std::sqrt(squares / (count - 1));
  for (double& value : values) {
    value = mean + value / sd * (mean / t * std::sqrt(count));
  }
  return values;
}

StatisticResult judged(const StatisticRule& rule, const std::vector<double>& values, bool last = false) {
  StatisticTest test(rule);
  for (const double value : values) {
    test.add(value);
  }
  std::vector<std::int64_t> looks;
  for (const std::int64_t look : rule.looks) {
    if (look <= static_cast<std::int64_t>(values.size())) {
      looks.push_back(look);
    }
  }
  test.look(looks, last);
  return test.with_prospects();
}

TEST(StatisticTest, CriticalTOfTheFirstLooks) {
  // statistics.md 8b: t of 8.61 at 5 epochs, 5.17 at 8, 4.21 at 11.
  EXPECT_EQ(judged(rule_of(), values_with(5, 0.05, 8.7)).verdict, Verdict::slower);
  EXPECT_EQ(judged(rule_of(), values_with(5, 0.05, 8.5)).verdict, Verdict::unclear);
  EXPECT_EQ(judged(rule_of(), values_with(8, 0.05, 5.25)).verdict, Verdict::slower);
  EXPECT_EQ(judged(rule_of(), values_with(8, 0.05, 5.1)).verdict, Verdict::unclear);
  EXPECT_EQ(judged(rule_of(), values_with(11, 0.05, 4.26)).verdict, Verdict::slower);
  EXPECT_EQ(judged(rule_of(), values_with(11, 0.05, 4.15)).verdict, Verdict::unclear);
}

TEST(StatisticTest, SafetyScalesTheNominalP) {
  StatisticRule rule = rule_of();
  rule.safety = 0.4;  // half: t of 10.3 at 5 epochs
  EXPECT_EQ(judged(rule, values_with(5, 0.05, 9.5)).verdict, Verdict::unclear);
  EXPECT_EQ(judged(rule, values_with(5, 0.05, 10.5)).verdict, Verdict::slower);
}

TEST(StatisticTest, SignsOfTheVerdict) {
  EXPECT_EQ(judged(rule_of(), values_with(5, 0.05, 20)).verdict, Verdict::slower);
  EXPECT_EQ(judged(rule_of(), values_with(5, -0.05, 20)).verdict, Verdict::faster);
}

TEST(StatisticTest, DifferencesBelowTheFloorAreNotCalled) {
  EXPECT_EQ(judged(rule_of(), values_with(5, 0.0098, 50)).verdict, Verdict::same);
  EXPECT_EQ(judged(rule_of(), values_with(5, 0.0101, 50)).verdict, Verdict::slower);
  EXPECT_EQ(judged(rule_of(), values_with(5, -0.0101, 50)).verdict, Verdict::faster);
}

TEST(StatisticTest, EqualityBoundary) {
  // |mean| + 3.114 s / sqrt(5) < ln 1.03 = 0.029559: with mean 0.005 the standard error may be 0.007887.
  EXPECT_EQ(judged(rule_of(), values_with(5, 0.005, 0.005 / 0.00785)).verdict, Verdict::same);
  EXPECT_EQ(judged(rule_of(), values_with(5, 0.005, 0.005 / 0.00795)).verdict, Verdict::unclear);
  EXPECT_EQ(judged(rule_of(), values_with(5, -0.005, 0.005 / 0.00785)).verdict, Verdict::same);
}

TEST(StatisticTest, WithoutEquivalenceNothingIsTheSame) {
  StatisticRule rule = rule_of();
  rule.equivalence = false;
  EXPECT_EQ(judged(rule, values_with(5, 0.001, 1)).verdict, Verdict::unclear);
  EXPECT_FALSE(judged(rule, values_with(8, 0.001, 0.001)).decided);  // and nothing is out of reach
  EXPECT_TRUE(judged(rule, values_with(8, 0.001, 0.001), true).decided);
}

TEST(StatisticTest, SmallWhenTheWholeIntervalLiesWithinTheMargin) {
  const StatisticResult small = judged(rule_of(), values_with(5, 0.015, 40));
  EXPECT_EQ(small.verdict, Verdict::slower);
  EXPECT_TRUE(small.small);
  EXPECT_FALSE(judged(rule_of(), values_with(5, 0.028, 40)).small);
}

TEST(StatisticTest, IntervalIsTheTestTurnedAround) {
  for (const double t : {8.5, 8.7}) {
    const StatisticResult result = judged(rule_of(), values_with(5, 0.05, t));
    EXPECT_EQ(*result.low > 0, result.verdict == Verdict::slower) << t;
    EXPECT_NEAR((*result.low + *result.high) / 2, 0.05, 1e-12);
  }
  EXPECT_NEAR(*judged(rule_of(), values_with(5, 0.05, 10)).level, 0.99, 1e-12);
}

TEST(StatisticTest, SignFlipsJudgeFromFifteenEpochsOn) {
  EXPECT_EQ(judged(rule_of(), values_with(11, 0.05, 5)).test, "t");  // 2 of 2^11 is too coarse for p = 0.0018
  std::vector<double> values(15, 0.02);
  values[3] = 0.021;
  const StatisticResult all_positive = judged(rule_of(), values);
  EXPECT_EQ(all_positive.test, "sign-flip");
  EXPECT_NEAR(*all_positive.p, 2 / std::pow(2, 15), 1e-15);
  EXPECT_EQ(all_positive.verdict, Verdict::slower);
}

TEST(StatisticTest, SignFlipsAreNotFooledByOneHugeValue) {
  // t is small because of one outlier, and the flips see that 14 of 15 agree.
  std::vector<double> values(15, 0.02);
  values[0] = 0.4;
  const StatisticResult result = judged(rule_of(), values);
  EXPECT_EQ(result.verdict, Verdict::slower);
  EXPECT_GT(*result.low, 0);
}

TEST(StatisticTest, GivesUpWhenNoVerdictIsInReach) {
  // At 20 epochs equality needs 2.195 s / sqrt(20) < 0.029559, so s < 0.0602; nothing is futile at the first look.
  const std::vector<double> hopeless = values_with(8, 0.001, 0.001 / (0.062 / std::sqrt(8.0)));
  const std::vector<double> hopeful = values_with(8, 0.001, 0.001 / (0.058 / std::sqrt(8.0)));
  EXPECT_TRUE(judged(rule_of(), hopeless).decided);
  EXPECT_EQ(judged(rule_of(), hopeless).verdict, Verdict::unclear);
  EXPECT_FALSE(judged(rule_of(), hopeful).decided);
  EXPECT_FALSE(judged(rule_of(), values_with(5, 0.001, 0.01)).decided);
  // A large effect may still be shown: sd 0.1 and mean 0.2.
  EXPECT_FALSE(judged(rule_of(), values_with(8, 0.2, 0.2 / (0.15 / std::sqrt(8.0)))).decided);
}

TEST(StatisticTest, LastLookAlwaysDecides) {
  EXPECT_TRUE(judged(rule_of(), values_with(5, 0.02, 2), true).decided);
  EXPECT_TRUE(judged(rule_of(), {}, true).decided);
  EXPECT_EQ(judged(rule_of(), {}, true).verdict, Verdict::unclear);
}

TEST(StatisticTest, ADecisionStays) {
  StatisticTest test(rule_of());
  for (const double value : values_with(5, 0.05, 20)) {
    test.add(value);
  }
  test.look({5}, false);
  ASSERT_EQ(test.state().verdict, Verdict::slower);
  for (int i = 0; i < 3; ++i) {
    test.add(-1);
  }
  test.run_on();
  test.look({5, 8}, false);
  EXPECT_EQ(test.state().verdict, Verdict::slower);
  EXPECT_EQ(test.state().epochs, 5);
}

TEST(StatisticTest, MissingEpochsLeaveItUnclear) {
  StatisticTest test(rule_of());
  for (const double value : values_with(4, 0.05, 100)) {
    test.add(value);
  }
  test.look({5}, false);
  EXPECT_EQ(test.state().verdict, Verdict::unclear);
  EXPECT_FALSE(test.state().decided);
}

TEST(StatisticTest, UnplannedLooksSpendWhatTheirEpochsAllow) {
  // One look at 7 of 20: alpha 0.01 * 0.35^1.5 * 0.8 = 0.001656, t of 5.57 with 6 degrees of freedom.
  StatisticTest late(rule_of());
  for (const double value : values_with(7, 0.05, 5.65)) {
    late.add(value);
  }
  late.look({7}, true);
  EXPECT_EQ(late.state().verdict, Verdict::slower);
  EXPECT_NEAR(*late.state().p_limit, 0.01 * std::pow(0.35, 1.5) * 0.8, 1e-8);
  // After a look at 5 less is left.
  StatisticTest second(rule_of());
  for (const double value : values_with(7, 0.05, 5.65)) {
    second.add(value);
  }
  second.look({5, 7}, true);
  EXPECT_LT(*second.state().p_limit, *late.state().p_limit);
}

TEST(StatisticTest, RunningFiguresMakeNoVerdict) {
  StatisticTest test(rule_of());
  test.add(0.05);
  test.run_on();
  EXPECT_FALSE(test.state().effect);
  test.add(0.0501);
  test.add(0.0502);
  test.run_on();
  EXPECT_NEAR(*test.state().effect, 0.0501, 1e-12);
  EXPECT_TRUE(test.state().low);
  EXPECT_EQ(test.state().verdict, Verdict::unclear);
}

TEST(StatisticTest, NeededEpochsOnlyWhileUnclear) {
  const StatisticResult unclear = judged(rule_of(), values_with(5, 0.0, 1));
  const StatisticResult noisy = judged(rule_of(), values_with(5, 0.001, 0.001 / (0.03 / std::sqrt(5.0))));
  ASSERT_TRUE(noisy.needed_epochs);
  // Guenther (1981): ((z of 1 - p / 2 + z of 90 %) sd / effect)^2 + z^2 / 2, with the p of the last look.
  const double p = *judged(rule_of(), values_with(20, 0.001, 1)).p_limit;
  const double z = stats::normal_quantile(1 - p / 2);
  EXPECT_NEAR(static_cast<double>(*noisy.needed_epochs),
              std::pow((z + 1.28155) * 0.03 / std::log1p(0.03), 2) + z * z / 2, 1);
  EXPECT_FALSE(judged(rule_of(), values_with(5, 0.05, 20)).needed_epochs);
  EXPECT_FALSE(unclear.needed_epochs && unclear.verdict != Verdict::unclear);
}

// "Same" while others are waited for: it must hold with every epoch there is in the end.
TEST(StatisticTest, SameIsTestedAgainAtEachLook) {
  StatisticTest test(rule_of());
  for (const double value : values_with(5, 0.001, 0.5)) {
    test.add(value);
  }
  test.look({5}, false);
  ASSERT_EQ(test.state().verdict, Verdict::same);
  EXPECT_EQ(test.state().deviating, 0);
  for (const double wild : {0.3, -0.3, 0.3}) {
    test.add(wild);
  }
  test.look({5, 8}, false);
  EXPECT_EQ(test.state().verdict, Verdict::unclear);
  EXPECT_EQ(test.state().epochs, 8);
  EXPECT_FALSE(test.state().deviating);
  EXPECT_NEAR(*test.state().level, 1 - rule_of().alpha, 1e-12);
}

TEST(StatisticTest, WhatWasTheSameIsNeverADifference) {
  StatisticTest drifts(rule_of());
  for (const double value : {0.009, 0.0095, 0.0092, 0.0094, 0.0098}) {
    drifts.add(value);
  }
  drifts.look({5}, false);
  ASSERT_EQ(drifts.state().verdict, Verdict::same);
  for (const double later : {0.02, 0.021, 0.022}) {
    drifts.add(later);
  }
  drifts.look({5, 8}, false);
  EXPECT_LE(*drifts.state().p, *drifts.state().p_limit);
  EXPECT_EQ(drifts.state().verdict, Verdict::same);
  for (const double far : {0.045, 0.046, 0.047}) {
    drifts.add(far);
  }
  drifts.look({5, 8, 11}, false);
  EXPECT_LE(*drifts.state().p, *drifts.state().p_limit);
  EXPECT_EQ(drifts.state().verdict, Verdict::unclear);
}

TEST(StatisticTest, SameShowsTheIntervalThatProvedIt) {
  std::vector<double> values = values_with(11, 0.002, 0.7);
  const StatisticResult same = judged(rule_of(), values);
  ASSERT_EQ(same.verdict, Verdict::same);
  EXPECT_NEAR(*same.level, 0.9, 1e-12);
  EXPECT_GT(*same.low, -rule_of().margin);
  EXPECT_LT(*same.high, rule_of().margin);
  EXPECT_NEAR(*same.low + *same.high, 2 * *same.effect, 1e-12);
  EXPECT_EQ(same.deviating, 0);
  EXPECT_NEAR(*same.deviating_at_most, 1 - std::pow(0.05, 1.0 / 11), 1e-9);  // none of 11
}

TEST(StatisticTest, WhatTheOrderMakesIsTakenOutFromElevenOn) {
  const auto at = [](std::int64_t epochs) {
    StatisticTest test(rule_of());
    for (std::int64_t i = 0; i < epochs; ++i) {
      const bool first = i % 2 == 0;
      test.add((first ? 0.05 : -0.05) + 0.001 * static_cast<double>(i % 3 - 1), first);
    }
    test.look({5, 8, epochs}, false);
    return test.state();
  };
  EXPECT_EQ(at(11).verdict, Verdict::same);
  EXPECT_LT(*at(11).sd, 0.002);
  EXPECT_EQ(at(11).deviating, 11);  // of the restarts as they were
  EXPECT_GT(*at(10).sd, 0.05);
}

}  // namespace
}  // namespace mia::judge
