// SPDX-License-Identifier: MIT
#include "judge/unpaired.h"

#include <cmath>
#include <limits>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "epochs.h"
#include "stats/proportions.h"

namespace mia::judge {
namespace {

using Values = std::vector<double>;

UnpairedOptions quiet(double sd = 0.005, std::int64_t sessions = 30) {
  UnpairedOptions options;
  options.noise = {sd, sessions};
  return options;
}

TEST(Unpaired, NoiseOfSessionsIgnoresTheirLevelChanges) {
  stats::Random random(101);
  Values levels;
  for (int i = 0; i < 200; ++i) {
    levels.push_back((i < 100 ? 100 : 70) * std::exp(0.04 * normal(random)));
  }
  const SessionNoise noise = session_noise(levels);
  EXPECT_EQ(noise.sessions, 200);
  EXPECT_NEAR(noise.sd, 0.04, 0.008);
}

TEST(Unpaired, FewSessionsGiveTheAssumedNoise) {
  EXPECT_EQ(session_noise(Values{100, 101, 99, 100}).sessions, 0);
  EXPECT_EQ(session_noise(Values{100, 101, 99, 100}).sd, 0.05);
  EXPECT_EQ(session_noise(Values{}).sessions, 0);
  EXPECT_EQ(session_noise(Values{100, 101, 99, 100, 102}).sessions, 5);
  const double infinite = std::numeric_limits<double>::infinity();
  EXPECT_EQ(session_noise(Values{100, infinite, 0, -1, 101, 99, 100}).sessions, 0);
  EXPECT_GT(session_noise(Values(10, 100.0)).sd, 0);  // never certain
}

TEST(Unpaired, IntervalByHand) {
  // Two samples without spread: error sqrt(2) * 0.02, t of 0.995 with 10 degrees of freedom 3.16927 (16 sessions, two
  // thirds of 15), of 0.95 1.81246.
  const UnpairedResult result = compare_unpaired(Values{100, 100, 100}, Values{110, 110, 110}, quiet(0.02, 16));
  const double half = 3.16927 * std::sqrt(2.0) * 0.02;
  EXPECT_NEAR(*result.effect, std::log(1.1), 1e-12);
  EXPECT_NEAR(*result.low, std::log(1.1) - half, 1e-6);
  EXPECT_NEAR(*result.high, std::log(1.1) + half, 1e-6);
  EXPECT_NEAR(*result.at_most, std::log(1.1) + 1.81246 * std::sqrt(2.0) * 0.02, 1e-6);
  EXPECT_EQ(result.verdict, Verdict::slower);
  EXPECT_EQ(result.n_a, 3);
}

TEST(Unpaired, LevelsSeenInHistoryHoldTheSpreadInsideSessionsAlready) {
  const auto half = [](const SessionNoise& noise) {
    UnpairedOptions options;
    options.noise = noise;
    const UnpairedResult result = compare_unpaired(Values{98, 100, 102}, Values{98, 100, 102}, options);
    return *result.high;
  };
  // Inside: sd of ln 2 %, of the mean of three 1.155 %.
  const double inside = 0.0200027 / std::sqrt(3.0);
  EXPECT_NEAR(half({0.05, 16}), 3.16927 * std::sqrt(2.0) * 0.05, 1e-6);
  EXPECT_NEAR(half({0.001, 16}), 3.16927 * std::sqrt(2.0) * inside, 1e-5);
  EXPECT_NEAR(half({0.05, 0}), 3.16927 * std::sqrt(2.0 * (0.05 * 0.05 + inside * inside)), 1e-5);
}

TEST(Unpaired, SpreadInsideSessionsWidensTheInterval) {
  const UnpairedResult tight = compare_unpaired(Values{100, 100, 100}, Values{103, 103, 103}, quiet());
  const UnpairedResult loose = compare_unpaired(Values{80, 100, 120}, Values{83, 103, 123}, quiet());
  EXPECT_GT(*loose.high - *loose.low, 3 * (*tight.high - *tight.low));
}

TEST(Unpaired, VerdictsAndTheirDirection) {
  const Values base = {100, 100.1, 99.9};
  EXPECT_EQ(compare_unpaired(base, Values{110, 110.1, 109.9}, quiet()).verdict, Verdict::slower);
  EXPECT_EQ(compare_unpaired(base, Values{90, 90.1, 89.9}, quiet()).verdict, Verdict::faster);
  EXPECT_EQ(compare_unpaired(base, base, quiet()).verdict, Verdict::same);
  UnpairedOptions rate = quiet();
  rate.better = record::Better::higher;
  EXPECT_EQ(compare_unpaired(base, Values{110, 110.1, 109.9}, rate).verdict, Verdict::faster);
  EXPECT_LT(*compare_unpaired(base, Values{110, 110.1, 109.9}, rate).effect, 0);
}

TEST(Unpaired, AnUnwatchedMachineCannotTellSmallDifferences) {
  // Assumed noise: 5 % a session, so neither 8 % slower nor equality can be shown, 60 % can.
  const Values base = {100, 100, 100};
  EXPECT_EQ(compare_unpaired(base, base).verdict, Verdict::unclear);
  EXPECT_EQ(compare_unpaired(base, Values{108, 108, 108}).verdict, Verdict::unclear);
  EXPECT_EQ(compare_unpaired(base, Values{160, 160, 160}).verdict, Verdict::slower);
  EXPECT_NE(compare_unpaired(base, base).text.find("assumed"), std::string::npos);
  EXPECT_NE(compare_unpaired(base, base).text.find("unpaired"), std::string::npos);
}

TEST(Unpaired, SmallDifferencesStayBelowTheFloor) {
  const Values base = {100, 100, 100};
  const Values nearly = {100.9, 100.9, 100.9};
  UnpairedOptions options = quiet(0.0005, 1000);
  EXPECT_EQ(compare_unpaired(base, nearly, options).verdict, Verdict::same);
  options.floor = 0.005;
  EXPECT_EQ(compare_unpaired(base, nearly, options).verdict, Verdict::slower);
}

TEST(Unpaired, EmptyAndBrokenSamples) {
  const UnpairedResult none = compare_unpaired(Values{}, Values{1});
  EXPECT_EQ(none.verdict, Verdict::unclear);
  EXPECT_FALSE(none.effect);
  const UnpairedResult broken = compare_unpaired(Values{1, 0, -3, std::nan("")}, Values{1});
  EXPECT_EQ(broken.n_a, 1);
  EXPECT_TRUE(broken.effect);
  const Json json = to_json(none);
  EXPECT_TRUE(json["effect"]["ln"].is_null());
  EXPECT_EQ(json["paired"], false);
  EXPECT_EQ(json["session_sd_assumed"], true);
}

// Share of pairs of equal sessions that are called different.
stats::Interval false_alarms(std::uint64_t seed, int sessions, int trials) {
  stats::Random random(seed);
  int alarms = 0;
  for (int i = 0; i < trials; ++i) {
    Values history;
    const auto session = [&] { return 100 * std::exp(0.05 * normal(random)); };
    for (int k = 0; k < sessions; ++k) {
      history.push_back(session());
    }
    UnpairedOptions options;
    options.noise = session_noise(history);
    const auto sample = [&] {
      const double level = session();
      Values values;
      for (int k = 0; k < 5; ++k) {
        values.push_back(level * std::exp(0.01 * normal(random)));
      }
      return values;
    };
    const Verdict verdict = compare_unpaired(sample(), sample(), options).verdict;
    alarms += verdict == Verdict::slower || verdict == Verdict::faster ? 1 : 0;
  }
  return *stats::proportion_interval(alarms, trials, 0.99);
}

TEST(Unpaired, HoldsItsErrorRateHoweverFewSessionsShowTheNoise) {
  for (const int sessions : {5, 6, 8, 10, 20, 40}) {
    EXPECT_LE(false_alarms(102, sessions, 6000).low, 0.01) << sessions;
  }
  EXPECT_GE(false_alarms(103, 40, 6000).high, 0.005) << "nor is it far below what is promised";
}

}  // namespace
}  // namespace mia::judge
