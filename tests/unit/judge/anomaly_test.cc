// SPDX-License-Identifier: MIT
#include "judge/anomaly.h"

#include <cmath>
#include <limits>
#include <vector>

#include <gtest/gtest.h>

#include "epochs.h"

namespace mia::judge {
namespace {

AxisPoint point(std::string label, std::vector<double> values) {
  return {std::move(label), std::move(values)};
}

std::vector<AxisPoint> axis_of(const std::vector<double>& speeds) {
  std::vector<AxisPoint> axis;
  for (std::size_t i = 0; i < speeds.size(); ++i) {
    axis.push_back(point("mode" + std::to_string(i), {speeds[i]}));
  }
  return axis;
}

TEST(Anomaly, SuspectsTheModeThatTheMethodFound) {
  // Long answers, 0 / 6 / 12 / all layers: 12 fell to 1.48.
  const auto suspects = find_suspects(axis_of({2.95, 3.85, 1.48, 3.08}));
  ASSERT_EQ(suspects.size(), 1U);
  EXPECT_EQ(suspects[0].index, 2U);
  EXPECT_NEAR(suspects[0].gap, std::log(3.08 / 1.48), 1e-12);
  EXPECT_NE(suspects[0].text.find("mode1"), std::string::npos);
  EXPECT_NE(suspects[0].text.find("mode3"), std::string::npos);
}

TEST(Anomaly, TrendsPeaksAndEndsAreNoAnomaly) {
  EXPECT_TRUE(find_suspects(axis_of({1, 2, 4, 8})).empty());
  EXPECT_TRUE(find_suspects(axis_of({8, 4, 2, 1})).empty());
  EXPECT_TRUE(find_suspects(axis_of({1, 5, 9, 4, 1})).empty());
  EXPECT_TRUE(find_suspects(axis_of({1, 5, 5, 5})).empty());
  EXPECT_TRUE(find_suspects(axis_of({5, 1})).empty());
  EXPECT_TRUE(find_suspects({}).empty());
}

TEST(Anomaly, TimesDipUpwards) {
  AnomalyOptions options;
  options.better = record::Better::lower;
  EXPECT_TRUE(find_suspects(axis_of({10, 4, 10}), options).empty());
  ASSERT_EQ(find_suspects(axis_of({10, 25, 10}), options).size(), 1U);
}

TEST(Anomaly, SmallOrNoisyDipsAreNotSuspected) {
  EXPECT_TRUE(find_suspects(axis_of({4.28, 4.23, 3.96, 4.10})).empty());  // 3 % below its neighbour
  // 15 % below, but a single run each may be 5 % off: three errors of a difference are 21 %.
  EXPECT_TRUE(find_suspects(axis_of({10, 8.5, 10})).empty());
  const std::vector<AxisPoint> repeated = {point("a", {10, 10.05, 9.95}), point("b", {8.5, 8.45, 8.55}),
                                           point("c", {10, 10.1, 9.9})};
  EXPECT_EQ(find_suspects(repeated).size(), 1U);
  const std::vector<AxisPoint> wild = {point("a", {10, 15, 6}), point("b", {8.5, 12, 5}), point("c", {10, 15, 6})};
  EXPECT_TRUE(find_suspects(wild).empty());
  const std::vector<AxisPoint> steady_but_small = {point("a", {10, 10, 10}), point("b", {9.1, 9.1, 9.1}),
                                                   point("c", {10, 10, 10})};
  EXPECT_TRUE(find_suspects(steady_but_small).empty());  // 9 %: below the least gap
}

TEST(Anomaly, PointsWithoutValuesArePassedOver) {
  const double infinite = std::numeric_limits<double>::infinity();
  std::vector<AxisPoint> axis = {point("a", {10}), point("failed", {}), point("b", {4}), point("broken", {0, infinite}),
                                 point("c", {10})};
  const auto suspects = find_suspects(axis);
  ASSERT_EQ(suspects.size(), 1U);
  EXPECT_EQ(suspects[0].index, 2U);
  EXPECT_NE(suspects[0].text.find("(a and c)"), std::string::npos);
}

TEST(Anomaly, RepeatsConfirmOrDismiss) {
  const std::vector<AxisPoint> neighbours = {point("a", {10, 10.2, 9.8}), point("c", {9.5, 9.6, 9.4})};
  EXPECT_EQ(confirm(point("b", {5, 5.2, 5.1}), neighbours), SecondLook::confirmed);
  EXPECT_EQ(confirm(point("b", {9.9, 10, 9.7}), neighbours), SecondLook::dismissed);
  EXPECT_EQ(confirm(point("b", {9.3, 9.3, 9.3}), neighbours), SecondLook::dismissed);  // 2 %: apart, but no matter
  EXPECT_EQ(confirm(point("b", {5, 12, 13}), neighbours), SecondLook::dismissed);
  EXPECT_EQ(confirm(point("b", {30, 31, 32}), neighbours), SecondLook::dismissed);
}

TEST(Anomaly, ConfirmationNeedsThreeRepeatsOfEach) {
  const std::vector<AxisPoint> neighbours = {point("a", {10, 10.2, 9.8}), point("c", {9.5, 9.6, 9.4})};
  EXPECT_EQ(confirm(point("b", {5, 5}), neighbours), SecondLook::needs_repeats);
  const std::vector<AxisPoint> few = {point("a", {10, 10.2, 9.8}), point("c", {9.5, 9.6})};
  EXPECT_EQ(confirm(point("b", {5, 5, 5}), few), SecondLook::needs_repeats);
  EXPECT_EQ(confirm(point("b", {5, 5, 5}), {}), SecondLook::needs_repeats);
}

TEST(Anomaly, ChanceSeldomConfirms) {
  stats::Random random(111);
  int confirmed = 0;
  constexpr int kTrials = 2000;
  const auto repeats = [&] {
    std::vector<double> values;
    for (int i = 0; i < 3; ++i) {
      values.push_back(10 * std::exp(0.1 * normal(random)));
    }
    return values;
  };
  for (int i = 0; i < kTrials; ++i) {
    const std::vector<AxisPoint> neighbours = {point("a", repeats()), point("c", repeats())};
    confirmed += confirm(point("b", repeats()), neighbours) == SecondLook::confirmed ? 1 : 0;
  }
  // Ranks alone: at most 2.5 % on this side (p <= 5 %, two-sided).
  EXPECT_LE(confirmed, 70);
}

}  // namespace
}  // namespace mia::judge
