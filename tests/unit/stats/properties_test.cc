// SPDX-License-Identifier: MIT
// What must hold of every test whatever the data: no unit, no zero point, no name of an arm matters, and p-values are
// uniform where nothing differs.
#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "draws.h"
#include "stats/changepoint.h"
#include "stats/competitors.h"
#include "stats/paired.h"
#include "stats/proportions.h"
#include "stats/sequential.h"

namespace mia::stats {
namespace {

using Values = std::vector<double>;

Values moved(const Values& values, double scale, double shift) {
  Values result;
  for (const double value : values) {
    result.push_back(scale * value + shift);
  }
  return result;
}

struct Arms {
  Values a;
  Values b;
};

// Times around 10 with a difference of half a standard deviation.
Arms arms(std::uint64_t seed) {
  Random random(seed);
  return {moved(draw_normals(random, 9), 1, 10), moved(draw_normals(random, 11), 1.5, 10.6)};
}

TEST(Scale, NoTestKnowsAUnit) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const Arms one = arms(seed);
    const Arms other = {moved(one.a, 1e3, 0), moved(one.b, 1e3, 0)};
    EXPECT_NEAR(welch_test(one.a, one.b)->t, welch_test(other.a, other.b)->t, 1e-9);
    EXPECT_NEAR(*mann_whitney_p(one.a, one.b), *mann_whitney_p(other.a, other.b), 1e-12);
    EXPECT_EQ(disjoint_deviations(one.a, one.b), disjoint_deviations(other.a, other.b));
    EXPECT_EQ(ratio_excludes_one(one.a, one.b), ratio_excludes_one(other.a, other.b));
    EXPECT_NEAR(t_test(one.a)->t, t_test(other.a)->t, 1e-9);
  }
}

TEST(Shift, TestsOfDifferencesKnowNoZeroPoint) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const Arms one = arms(seed);
    const Arms other = {moved(one.a, 1, 100), moved(one.b, 1, 100)};
    EXPECT_NEAR(welch_test(one.a, one.b)->t, welch_test(other.a, other.b)->t, 1e-9);
    EXPECT_NEAR(*mann_whitney_p(one.a, one.b), *mann_whitney_p(other.a, other.b), 1e-12);
    EXPECT_EQ(disjoint_deviations(one.a, one.b), disjoint_deviations(other.a, other.b));
  }
}

TEST(Shift, IntervalsMoveWithTheirValues) {
  Random random(11);
  const Values values = draw_normals(random, 12);
  const auto here = sign_flip_interval(values, 0.05);
  const auto there = sign_flip_interval(moved(values, 2, 7), 0.05);
  ASSERT_TRUE(here && there);
  EXPECT_NEAR(there->low, 2 * here->low + 7, 1e-9);
  EXPECT_NEAR(there->high, 2 * here->high + 7, 1e-9);
  const Interval near = t_interval(*t_test(values), 0.99);
  const Interval far = t_interval(*t_test(moved(values, 2, 7)), 0.99);
  EXPECT_NEAR(far.low, 2 * near.low + 7, 1e-9);
  EXPECT_NEAR(far.high, 2 * near.high + 7, 1e-9);
}

TEST(Shift, ChangePointsKnowNoZeroPoint) {
  Random random(12);
  Values values;
  for (int i = 0; i < 60; ++i) {
    values.push_back(0.01 * draw_normal(random) + (i >= 25 ? 0.1 : 0));
  }
  const auto here = change_points(values);
  const auto there = change_points(moved(values, 1, -40));
  ASSERT_EQ(here.size(), 1U);
  ASSERT_EQ(there.size(), 1U);
  EXPECT_EQ(here[0].index, there[0].index);
  EXPECT_NEAR(here[0].change, there[0].change, 1e-9);
}

Claim turned(Claim claim) {
  return claim == Claim::faster ? Claim::slower : claim == Claim::slower ? Claim::faster : Claim::none;
}

TEST(Labels, SwappingTheArmsTurnsTheClaim) {
  int claims = 0;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    const Arms one = arms(seed);
    EXPECT_NEAR(welch_test(one.a, one.b)->estimate, -welch_test(one.b, one.a)->estimate, 1e-12);
    EXPECT_NEAR(welch_test(one.a, one.b)->p, welch_test(one.b, one.a)->p, 1e-12);
    EXPECT_NEAR(*mann_whitney_p(one.a, one.b), *mann_whitney_p(one.b, one.a), 1e-12);
    EXPECT_EQ(disjoint_deviations(one.a, one.b), turned(disjoint_deviations(one.b, one.a)));
    // A ratio and its inverse have errors of their own, so that rule may fall silent; it never claims both ways.
    const Claim ratio = ratio_excludes_one(one.a, one.b);
    EXPECT_TRUE(ratio == Claim::none || ratio != ratio_excludes_one(one.b, one.a));
    EXPECT_EQ(welch_claim(one.a, one.b), turned(welch_claim(one.b, one.a)));
    EXPECT_EQ(rank_claim(one.a, one.b), turned(rank_claim(one.b, one.a)));
    claims += rank_claim(one.a, one.b) != Claim::none ? 1 : 0;
  }
  EXPECT_GT(claims, 0) << "or nothing was turned";
}

template <class P>
double uniformity(std::uint64_t seed, P p_of) {
  Random random(seed);
  Values values;
  for (int i = 0; i < 2000; ++i) {
    values.push_back(p_of(random));
  }
  return *uniform_p(values);
}

TEST(Uniform, PValuesWhereNothingDiffers) {
  EXPECT_GT(uniformity(41, [](Random& random) { return t_test(draw_normals(random, 8))->p; }), 1e-3);
  EXPECT_GT(uniformity(42,
                       [](Random& random) {
                         const Values a = draw_normals(random, 12);
                         return welch_test(a, draw_normals(random, 12))->p;
                       }),
            1e-3);
  // Many values an arm: the few that U can take are no steps any more.
  EXPECT_GT(uniformity(43,
                       [](Random& random) {
                         const Values a = draw_normals(random, 60);
                         return *mann_whitney_p(a, draw_normals(random, 60));
                       }),
            1e-3);
}

TEST(Uniform, ADifferenceIsNot) {
  EXPECT_LT(uniformity(44, [](Random& random) { return t_test(moved(draw_normals(random, 8), 1, 0.3))->p; }), 1e-3);
}

// Chance of a standard Brownian motion to have crossed at or before each look, by carrying its density from look to
// look on a plain grid: another integration than the one that made the boundaries.
std::vector<double> crossed(const std::vector<double>& shares, const std::vector<double>& p, Sides sides) {
  constexpr int kGrid = 1500;
  constexpr double kPi = 3.14159265358979323846;
  std::vector<double> at;       // grid of the look before
  std::vector<double> density;  // of what has not crossed
  std::vector<double> total;
  double spent = 0;
  double before = 0;
  for (std::size_t k = 0; k < shares.size(); ++k) {
    const double root = std::sqrt(shares[k]);
    const double bound = root * -normal_quantile(sides == Sides::two ? p[k] / 2 : p[k]);
    const double least = sides == Sides::two ? -bound : -9 * root;
    const double step = (bound - least) / kGrid;
    const double variance = shares[k] - before;
    std::vector<double> next_at;
    std::vector<double> next;
    double inside = 0;
    for (int i = 0; i <= kGrid; ++i) {
      const double x = least + step * i;
      double value = 0;
      if (k == 0) {
        value = std::exp(-x * x / (2 * variance)) / std::sqrt(2 * kPi * variance);
      } else {
        const double old_step = at[1] - at[0];
        for (std::size_t j = 0; j < at.size(); ++j) {
          const double end = j == 0 || j + 1 == at.size() ? 0.5 : 1;
          const double d = x - at[j];
          value += end * old_step * density[j] * std::exp(-d * d / (2 * variance)) / std::sqrt(2 * kPi * variance);
        }
      }
      next_at.push_back(x);
      next.push_back(value);
      inside += (i == 0 || i == kGrid ? 0.5 : 1) * step * value;
    }
    spent = 1 - inside;
    total.push_back(spent);
    at = std::move(next_at);
    density = std::move(next);
    before = shares[k];
  }
  return total;
}

TEST(Boundaries, SpendWhatTheirFunctionAllowsAtEveryLook) {
  const std::vector<std::vector<double>> plans = {
      {0.25, 0.4, 0.55, 0.75, 1}, {0.5, 1}, {0.1, 0.2, 0.9, 1}, {0.3, 0.35, 0.4, 0.45, 1}};
  for (const std::vector<double>& shares : plans) {
    for (const Spending spending : {Spending::power_1_5, Spending::pocock}) {
      for (const Sides sides : {Sides::one, Sides::two}) {
        const std::vector<double> total = crossed(shares, nominal_p(shares, 0.05, spending, sides), sides);
        for (std::size_t k = 0; k < shares.size(); ++k) {
          EXPECT_NEAR(total[k], spent_alpha(spending, 0.05, shares[k]), 2e-5) << k << " of " << shares.size();
        }
      }
    }
  }
}

}  // namespace
}  // namespace mia::stats
