// SPDX-License-Identifier: MIT
#include "stats/changepoint.h"

#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "draws.h"

namespace mia::stats {
namespace {

using Values = std::vector<double>;

struct Model {
  double correlation = 0;
  bool spiky = false;
  std::size_t step_at = 1'000'000;
  double step = 0;
};

// ln of a throughput of about 100 with a spread of 2 %.
Values series(Random& random, std::size_t length, const Model& model) {
  Values values;
  double noise = draw_normal(random);
  for (std::size_t i = 0; i < length; ++i) {
    const double r = model.correlation;
    noise = r * noise + std::sqrt(1 - r * r) * draw_normal(random);
    double value = 0.02 * noise;
    if (model.spiky) {
      value = 0.7 * value + (random.uniform() < 0.1 ? 0.06 * draw_exponential(random) : 0);
    }
    values.push_back(std::log(100.0) + std::log1p(value) + (i >= model.step_at ? std::log1p(model.step) : 0));
  }
  return values;
}

int false_alarms(std::uint64_t seed, std::size_t length, const Model& model, int trials) {
  Random random(seed);
  int alarms = 0;
  for (int i = 0; i < trials; ++i) {
    alarms += change_points(series(random, length, model)).empty() ? 0 : 1;
  }
  return alarms;
}

int found_near(std::uint64_t seed, std::size_t length, const Model& model, int trials) {
  Random random(seed);
  int found = 0;
  for (int i = 0; i < trials; ++i) {
    for (const ChangePoint& point : change_points(series(random, length, model))) {
      const auto distance = static_cast<double>(point.index) - static_cast<double>(model.step_at);
      found += std::abs(distance) <= 3 ? 1 : 0;
    }
  }
  return found;
}

TEST(ChangePoint, FindsStepsWhereTheyAre) {
  Values values(30, 1.0);
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] += (i >= 20 ? -0.05 : (i >= 10 ? 0.1 : 0.0)) + (i % 2 == 0 ? 0.001 : -0.001);
  }
  const auto points = change_points(values);
  ASSERT_EQ(points.size(), 2U);
  EXPECT_EQ(points[0].index, 10U);
  EXPECT_NEAR(points[0].before, 1.0, 1e-9);
  EXPECT_NEAR(points[0].change, 0.1, 1e-9);
  EXPECT_EQ(points[1].index, 20U);
  EXPECT_NEAR(points[1].after, 0.95, 1e-9);
  EXPECT_NEAR(points[1].change, -0.15, 1e-9);
}

TEST(ChangePoint, SegmentsHaveAtLeastFourPoints) {
  // Three points of another level at the end are no level yet; the fourth makes them one.
  Values values(23, 0.0);
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = (i % 2 == 0 ? 0.001 : -0.001) + (i >= 20 ? 0.2 : 0.0);
  }
  for (const ChangePoint& point : change_points(values)) {
    EXPECT_LE(point.index, values.size() - 4);
  }
  values.push_back(0.2);
  const auto points = change_points(values);
  ASSERT_EQ(points.size(), 1U);
  EXPECT_EQ(points[0].index, 20U);
}

TEST(ChangePoint, SmallChangesAreNotReported) {
  Values values(40, 0.0);
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = (i % 2 == 0 ? 1e-4 : -1e-4) + (i >= 20 ? 0.009 : 0.0);
  }
  EXPECT_TRUE(change_points(values).empty());
  ChangePointOptions keen;
  keen.least_change = 0.008;
  EXPECT_EQ(change_points(values, keen).size(), 1U);
}

TEST(ChangePoint, ShortOrFlatSeriesHaveNone) {
  EXPECT_TRUE(change_points(Values{}).empty());
  EXPECT_TRUE(change_points(Values{1, 2, 3, 4, 5, 6, 7}).empty());
  EXPECT_TRUE(change_points(Values(50, 3.0)).empty());
}

TEST(ChangePoint, ASingleBadNightIsNoChange) {
  Random random(71);
  Values values = series(random, 60, {});
  values[30] += 0.5;
  values[31] += 0.5;
  EXPECT_TRUE(change_points(values).empty());
}

TEST(ChangePoint, FollowsScaleShiftAndReversal) {
  Random random(72);
  Values values = series(random, 60, {0, false, 30, 0.15});
  const auto points = change_points(values);
  ASSERT_EQ(points.size(), 1U);
  for (double& value : values) {
    value = 5 - value;
  }
  const auto mirrored = change_points(values);
  ASSERT_EQ(mirrored.size(), 1U);
  EXPECT_EQ(mirrored[0].index, points[0].index);
  EXPECT_NEAR(mirrored[0].change, -points[0].change, 1e-9);
}

TEST(ChangePoint, SeriesWithoutChangeStaySilent) {
  EXPECT_LE(false_alarms(1, 200, {}, 300), 3);  // goal: 1 %
  EXPECT_LE(false_alarms(2, 200, {0.5}, 300), 6);
  EXPECT_LE(false_alarms(3, 200, {0, true}, 300), 16);  // goal: 3 %, with three standard deviations
  EXPECT_LE(false_alarms(4, 60, {}, 300), 3);
}

TEST(ChangePoint, FivePercentIsFoundWithinTenPoints) {
  EXPECT_GE(found_near(5, 110, {0, false, 100, 0.05}, 200), 190);
  EXPECT_GE(found_near(6, 110, {0, true, 100, 0.05}, 200), 190);
  EXPECT_GE(found_near(7, 120, {0, false, 100, 0.03}, 200), 150);
}

TEST(ChangePoint, LongSeriesKeepTheirLastPoints) {
  Values values(kMaxSeries + 100, 0.0);
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = (i % 2 == 0 ? 0.001 : -0.001) + (i >= 5000 ? 0.1 : 0.0) + (i < 50 ? 0.1 : 0.0);
  }
  ChangePointOptions anchored;
  anchored.anchored = true;
  const auto points = change_points(values, anchored);
  ASSERT_EQ(points.size(), 1U);
  EXPECT_EQ(points[0].index, 5000U);
}

TEST(ChangePoint, ShiftAlarmComesSoonAfterAShiftAndSeldomWithout) {
  Random random(73);
  double silent = 0;
  double delay = 0;
  constexpr int kTrials = 60;
  for (int i = 0; i < kTrials; ++i) {
    Values values = draw_normals(random, 4000);
    silent += static_cast<double>(shift_alarm(values, 0, 1).value_or(4000));
    for (double& value : values) {
      value -= 2;
    }
    delay += static_cast<double>(*shift_alarm(values, 0, 1));
  }
  EXPECT_GT(silent / kTrials, 500);  // about 1,000; its spread is as large as its mean
  EXPECT_LT(silent / kTrials, 1700);
  EXPECT_LT(delay / kTrials, 6);
  EXPECT_FALSE(shift_alarm(Values{}, 0, 1));
  EXPECT_FALSE(shift_alarm(Values{0.1, -0.1, 0.2}, 0, 1));
}

}  // namespace
}  // namespace mia::stats
