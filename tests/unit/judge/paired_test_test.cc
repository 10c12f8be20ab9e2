// SPDX-License-Identifier: MIT
#include "judge/paired_test.h"

#include <cmath>
#include <limits>
#include <vector>

#include <gtest/gtest.h>

#include "epochs.h"
#include "stats/proportions.h"

namespace mia::judge {
namespace {

PairedTest make(PairedOptions options = {}) {
  return PairedTest::make(options).value();
}

// Runs on until the test stops; next() gives the epochs.
template <class Next>
Decision run(PairedTest& test, Next next) {
  Decision decision;
  while (!decision.stop) {
    test.add_epoch(next());
    decision = test.look();
  }
  return decision;
}

TEST(PairedTest, RefusesOptionsThatMeanNothing) {
  const auto refused = [](auto change) {
    PairedOptions options;
    change(options);
    const auto made = PairedTest::make(options);
    return !made.has_value() && made.error().kind == ErrorKind::usage;
  };
  EXPECT_TRUE(refused([](PairedOptions& o) { o.alpha = 0; }));
  EXPECT_TRUE(refused([](PairedOptions& o) { o.alpha = 0.5; }));
  EXPECT_TRUE(refused([](PairedOptions& o) { o.alpha = std::nan(""); }));
  EXPECT_TRUE(refused([](PairedOptions& o) { o.margin = -0.01; }));
  EXPECT_TRUE(refused([](PairedOptions& o) { o.floor = -0.01; }));
  EXPECT_TRUE(refused([](PairedOptions& o) { o.power = 1; }));
  EXPECT_TRUE(refused([](PairedOptions& o) { o.max_epochs = 4; }));
  EXPECT_TRUE(refused([](PairedOptions& o) { o.max_epochs = 501; }));
  EXPECT_FALSE(refused([](PairedOptions&) {}));
}

TEST(PairedTest, EqualArmsAreTheSameAtTheFirstLook) {
  PairedTest test = make();
  const Decision decision = run(test, [] { return epoch_of({}); });
  EXPECT_EQ(decision.verdict, Verdict::same);
  EXPECT_EQ(decision.statistic, "speed");
  EXPECT_EQ(decision.why, "decided");
  EXPECT_EQ(test.epochs(), 5);
}

TEST(PairedTest, LooksOnlyWhenPlanned) {
  PairedTest test = make();
  stats::Random random(81);
  for (int i = 1; i <= 7; ++i) {
    test.add_epoch(epoch_of({0.05 * normal(random), 0.05 * normal(random), 0}));
    const Decision decision = test.look();
    EXPECT_EQ(decision.looked, i == 5) << i;
    EXPECT_FALSE(test.look().looked) << i;  // asked again at the same epochs
  }
}

TEST(PairedTest, ASlowerBIsSlowerAndASwapTurnsIt) {
  for (const double d : {0.06, -0.06}) {
    PairedTest test = make();
    PairedTest turned = make();
    stats::Random random(82);
    Decision decision;
    Decision other;
    while (!decision.stop) {
      const EpochFigures epoch = epoch_of({d + 0.01 * normal(random), d + 0.02 * normal(random), d});
      test.add_epoch(epoch);
      turned.add_epoch(swapped(epoch));
      decision = test.look();
      other = turned.look();
    }
    EXPECT_EQ(decision.verdict, d > 0 ? Verdict::slower : Verdict::faster);
    EXPECT_EQ(other.verdict, d > 0 ? Verdict::faster : Verdict::slower);
    const Comparison here = found_by(test);
    const Comparison there = found_by(turned);
    EXPECT_NEAR(*deciding(here).effect, -*deciding(there).effect, 1e-12);
    EXPECT_NEAR(*deciding(here).low, -*deciding(there).high, 1e-12);
    EXPECT_EQ(here.epochs, there.epochs);
  }
}

TEST(PairedTest, UnitsDoNotMatter) {
  PairedTest test = make();
  PairedTest scaled = make();
  stats::Random random(83);
  for (int i = 0; i < 5; ++i) {
    EpochFigures epoch = epoch_of({0.01 * normal(random), 0.01 * normal(random), 0.01 * normal(random)}, 3);
    test.add_epoch(epoch);
    for (PairFigures& pair : epoch.pairs) {
      for (RunFigures* const figures : {&pair.a, &pair.b}) {
        figures->speed *= 1000;
        figures->whole *= 1000;
        for (double& interval : figures->intervals) {
          interval *= 1000;
        }
      }
    }
    scaled.add_epoch(epoch);
  }
  const Decision one = test.look();
  const Decision other = scaled.look();
  for (std::size_t i = 0; i < one.statistics.size(); ++i) {
    EXPECT_NEAR(*one.statistics[i].effect, *other.statistics[i].effect, 1e-12);
    EXPECT_EQ(one.statistics[i].verdict, other.statistics[i].verdict);
  }
}

TEST(PairedTest, AnEpochIsTheMedianOfItsPairs) {
  PairedTest test = make();
  for (int i = 0; i < 5; ++i) {
    EpochFigures epoch = epoch_of({0.1, 0.1, 0.1}, 3);
    epoch.pairs.push_back(pair_of({3, 3, 0.1}));  // a burst in one pair
    epoch.pairs.push_back(pair_of({0.1, 0.1, 0.1}));
    test.add_epoch(epoch);
  }
  const Decision decision = test.look();
  EXPECT_NEAR(*decision.statistics[0].effect, 0.1, 1e-12);
  const double total = std::log((4 * std::exp(0.1) + std::exp(3)) / 5);
  EXPECT_NEAR(*decision.statistics[1].effect, total, 1e-12) << "the whole run is what all runs took together";
}

TEST(PairedTest, DisturbedPairsAreSetAsideWhereEnoughOthersAreNot) {
  const auto mixed = [](int quiet, int disturbed) {
    EpochFigures epoch = epoch_of({0.01, 0.01, 0.01}, static_cast<std::size_t>(quiet));
    for (int i = 0; i < disturbed; ++i) {
      epoch.pairs.push_back(pair_of({0.5, 0.5, 0.5}));
      epoch.pairs.back().disturbed = true;
    }
    return epoch;
  };
  PairedTest enough = make();
  enough.add_epoch(mixed(3, 7));
  enough.add_epoch(mixed(3, 0));
  (void)enough.look();
  const Comparison found = found_by(enough);
  EXPECT_NEAR(*deciding(found).effect, 0.01, 1e-12);
  EXPECT_EQ(found.pairs, 6);
  EXPECT_EQ(found.set_aside, 7);
  EXPECT_EQ(found.voided, 0);
  PairedTest few = make();
  few.add_epoch(mixed(2, 7));
  few.add_epoch(mixed(2, 7));
  (void)few.look();
  EXPECT_NEAR(*deciding(found_by(few)).effect, 0.5, 1e-12) << "nothing better can be had there";
  EXPECT_EQ(found_by(few).set_aside, 0);
  EXPECT_EQ(found_by(few).pairs, 18);
}

TEST(PairedTest, AStallIsSeenByTheExperienceOnly) {
  PairedTest test = make();
  stats::Random random(84);
  const Decision decision = run(test, [&] {
    return epoch_of({0.005 * normal(random), 0.06 + 0.015 * normal(random), 0.005 * normal(random)});
  });
  EXPECT_EQ(decision.verdict, Verdict::slower);
  EXPECT_EQ(decision.statistic, "experience");
  const Comparison comparison = found_by(test);
  EXPECT_EQ(comparison.statistic, "experience");
  EXPECT_NEAR(*deciding(comparison).effect, 0.06, 0.02);
  EXPECT_EQ(comparison.statistics[0].verdict, Verdict::same);
}

TEST(PairedTest, P95IsTakenOverAllTokensOfAnEpoch) {
  PairedTest test = make();
  stats::Random random(85);
  const auto stalls = [&] {
    EpochFigures epoch = epoch_of({0.002 * normal(random), 0.002 * normal(random), 0}, 4);
    for (PairFigures& pair : epoch.pairs) {
      pair.b.intervals[7] = 50;  // 4 of 60 gaps: above the 95th percentile
      pair.b.intervals[8] = 50 + normal(random);
      pair.b.intervals[9] = 50 + normal(random);
      pair.b.intervals[10] = 50 + normal(random);
    }
    return epoch;
  };
  const Decision decision = run(test, stalls);
  EXPECT_EQ(decision.verdict, Verdict::slower);
  EXPECT_EQ(found_by(test).statistics[2].figure, "p95_decode_ms");
  EXPECT_EQ(found_by(test).statistics[2].verdict, Verdict::slower);
  EXPECT_NEAR(*deciding(found_by(test)).effect, std::log(50.0 / 11), 0.1);
}

TEST(PairedTest, TooFewTokensGiveNoP95) {
  PairedTest test = make();
  for (int i = 0; i < 5; ++i) {
    EpochFigures epoch;
    epoch.pairs = {pair_of({0, 0, 1}, 58)};  // 59 are needed
    test.add_epoch(epoch);
  }
  EXPECT_EQ(test.look().verdict, Verdict::same);
  const Comparison comparison = found_by(test);
  EXPECT_FALSE(comparison.statistics[2].effect);
  ASSERT_EQ(comparison.notes.size(), 1U);
  EXPECT_NE(comparison.notes[0].find("p95"), std::string::npos);
}

TEST(PairedTest, WaitsForTheWholeRunUnlessToldNot) {
  stats::Random random(86);
  const auto next = [&] { return epoch_of({0.001 * normal(random), 0.05 * normal(random), 0}); };
  PairedTest patient = make();
  EXPECT_EQ(run(patient, next).verdict, Verdict::same);
  EXPECT_GT(patient.epochs(), 5);
  PairedOptions options;
  options.wait_for_experience = false;
  PairedTest quick = make(options);
  EXPECT_EQ(run(quick, next).verdict, Verdict::same);
  EXPECT_EQ(quick.epochs(), 5);
  EXPECT_EQ(found_by(quick).notes.size(), 1U);  // "same" speaks of speed only
}

TEST(PairedTest, ContradictionIsUnclear) {
  PairedTest test = make();
  stats::Random random(87);
  const Decision decision = run(test, [&] {
    return epoch_of({-0.1 + 0.001 * normal(random), 0.1 + 0.001 * normal(random), 0});
  });
  EXPECT_EQ(decision.verdict, Verdict::unclear);
  EXPECT_NE(decision.why.find("contradict"), std::string::npos);
}

TEST(PairedTest, VoidedPairsAreCountedWithTheirReasons) {
  PairedTest test = make();
  EpochFigures epoch = epoch_of({}, 8);
  epoch.pairs[1].void_reason = "throttled";
  epoch.pairs[2].b.speed = std::numeric_limits<double>::infinity();
  for (int i = 0; i < 5; ++i) {
    test.add_epoch(epoch);
  }
  EXPECT_EQ(test.look().verdict, Verdict::same);
  const Comparison comparison = found_by(test);
  EXPECT_EQ(comparison.pairs, 30);
  EXPECT_EQ(comparison.voided, 10);
  EXPECT_EQ(comparison.void_reasons.at("throttled"), 5);
  EXPECT_EQ(comparison.void_reasons.size(), 2U);
}

TEST(PairedTest, TimesThatAreNoTimesVoidTheirPair) {
  const double infinite = std::numeric_limits<double>::infinity();
  for (const double wrong : {0.0, -1.0, infinite, std::nan("")}) {
    PairedTest test = make();
    EpochFigures epoch = epoch_of({}, 2);
    epoch.pairs[0].a.whole = wrong;
    test.add_epoch(epoch);
    epoch.pairs[0].a.whole = 700;
    epoch.pairs[1].b.intervals[3] = wrong == 0 ? -0.1 : wrong;  // two stamps may be equal, but not reversed
    test.add_epoch(epoch);
    EXPECT_EQ(found_by(test).voided, 2) << wrong;
    EXPECT_EQ(test.epochs(), 2) << wrong;
  }
}

TEST(PairedTest, AnEpochOfMostlyVoidPairsIsVoid) {
  PairedTest test = make();
  EpochFigures epoch = epoch_of({}, 5);
  for (std::size_t i = 0; i < 3; ++i) {
    epoch.pairs[i].void_reason = "stolen";
  }
  test.add_epoch(epoch);
  EXPECT_EQ(test.epochs(), 0);
  EXPECT_EQ(found_by(test).voided_epochs, 1);
  EXPECT_EQ(found_by(test).voided, 5);
  epoch.pairs[0].void_reason.clear();
  test.add_epoch(epoch);
  EXPECT_EQ(test.epochs(), 1);
  test.add_epoch({});
  EXPECT_EQ(found_by(test).voided_epochs, 2);
}

TEST(PairedTest, TooManyVoidsBlameTheEnvironment) {
  PairedTest test = make();
  EpochFigures epoch = epoch_of({0.1, 0.1, 0.1}, 10);
  for (std::size_t i = 0; i < 4; ++i) {
    epoch.pairs[i].void_reason = "stolen";
  }
  const Decision decision = run(test, [&] { return epoch; });
  EXPECT_EQ(decision.verdict, Verdict::unclear);
  EXPECT_NE(decision.why.find("environment"), std::string::npos);
  EXPECT_EQ(test.epochs(), 5);
  PairedTest enough = make();
  epoch.pairs[3].void_reason.clear();  // 30 % may be void
  EXPECT_EQ(run(enough, [&] { return epoch; }).verdict, Verdict::slower);
}

TEST(PairedTest, EpochsThatAreAllVoidEndTheTest) {
  PairedTest test = make();
  EpochFigures epoch = epoch_of({}, 2);
  epoch.pairs[0].void_reason = epoch.pairs[1].void_reason = "stolen";
  EXPECT_EQ(run(test, [&] { return epoch; }).verdict, Verdict::unclear);
  EXPECT_EQ(found_by(test).voided_epochs, 5);
}

TEST(PairedTest, NoiseWithoutEndStaysUnclearAndSaysHowMuchMore) {
  PairedTest test = make();
  stats::Random random(88);
  const Decision decision = run(test, [&] {
    return epoch_of({0.3 * normal(random), 0.3 * normal(random), 0.3 * normal(random)});
  });
  EXPECT_EQ(decision.verdict, Verdict::unclear);
  const Comparison comparison = found_by(test);
  ASSERT_TRUE(deciding(comparison).needed_epochs);
  EXPECT_GT(*deciding(comparison).needed_epochs, 200);
  EXPECT_GT(*deciding(comparison).mde, 0.3);
  EXPECT_LT(test.epochs(), 20);  // futility: nothing was in reach
}

TEST(PairedTest, BudgetEndsItWithOneLastLook) {
  PairedTest test = make();
  for (int i = 0; i < 7; ++i) {
    test.add_epoch(epoch_of({0.2 + 0.001 * i, 0.02 * i, 0}));
    if (i < 4) {
      EXPECT_FALSE(test.look().stop);
    }
  }
  const Decision decision = test.finish("the budget of 1m ended it");
  EXPECT_TRUE(decision.stop);
  EXPECT_TRUE(decision.looked);
  EXPECT_EQ(decision.verdict, Verdict::slower);
  EXPECT_EQ(test.finish("the budget of 1m ended it").verdict, Verdict::slower);
}

TEST(PairedTest, BudgetTooSmallForAnything) {
  PairedTest none = make();
  EXPECT_EQ(none.finish("the budget of 1m ended it").why, "the budget of 1m ended it");
  PairedTest test = make();
  for (int i = 0; i < 4; ++i) {
    test.add_epoch(epoch_of({0.2 + 0.0001 * i, 0.2, 0.2}));
  }
  const Decision decision = test.finish("the budget of 1m ended it");
  EXPECT_EQ(decision.verdict, Verdict::unclear);
  EXPECT_EQ(decision.why, "the budget of 1m ended it");
  EXPECT_NEAR(*decision.statistics[0].effect, 0.20015, 1e-9);
}

TEST(PairedTest, UnsteadyProcessesThatDriftApartAreNotJudged) {
  stats::Random random(89);
  const auto warming = [&](bool steady) {
    EpochFigures epoch;
    for (int i = 0; i < 8; ++i) {
      const double d = 0.06 - 0.01 * i + 0.002 * normal(random);  // B warms up later than A
      epoch.pairs.push_back(pair_of({d, d, d}));
    }
    epoch.steady = steady;
    return epoch;
  };
  PairedTest unsteady = make();
  const Decision decision = run(unsteady, [&] { return warming(false); });
  EXPECT_EQ(decision.verdict, Verdict::unclear);
  EXPECT_NE(decision.why.find("warm"), std::string::npos);
  PairedTest steady = make();
  EXPECT_EQ(run(steady, [&] { return warming(true); }).verdict, Verdict::slower);
}

TEST(PairedTest, FiguresOfARun) {
  record::Run run;
  run.prefill_ns = 5'000'000;
  for (std::int64_t i = 0; i <= 8; ++i) {
    run.token_ns.push_back(10'000'000 + i * 2'000'000 + (i == 8 ? 7'000'000 : 0));
  }
  run.tokens_out = 9;
  const RunFigures figures = figures_of(run);
  EXPECT_DOUBLE_EQ(figures.speed, 2);
  EXPECT_DOUBLE_EQ(figures.whole, 33);
  EXPECT_EQ(figures.intervals.size(), 8U);
  run.token_ns.resize(1);  // a prefill workload: no gap to time
  EXPECT_DOUBLE_EQ(figures_of(run).speed, 5);
  run.token_ns.clear();
  EXPECT_DOUBLE_EQ(figures_of(run).whole, 5);
}

struct Rates {
  int faster = 0;
  int same = 0;
  int slower = 0;
  int unclear = 0;
  double epochs = 0;
};

template <class Draw>
Rates simulate(const PairedTest& fresh, double delta, double sd, int trials, Draw draw) {
  Rates rates;
  stats::Random random(91);
  for (int i = 0; i < trials; ++i) {
    PairedTest test = fresh;
    const Decision decision = run(test, [&] {
      const double speed = draw(random);
      const double whole = 0.5 * speed + 0.866 * draw(random);
      return epoch_of({delta + sd * speed, delta + 1.2 * sd * whole, delta + 3 * sd * draw(random)});
    });
    rates.faster += decision.verdict == Verdict::faster ? 1 : 0;
    rates.same += decision.verdict == Verdict::same ? 1 : 0;
    rates.slower += decision.verdict == Verdict::slower ? 1 : 0;
    rates.unclear += decision.verdict == Verdict::unclear ? 1 : 0;
    rates.epochs += static_cast<double>(test.epochs()) / trials;
  }
  return rates;
}

TEST(PairedTest, FalseAlarmsStayBelowAlpha) {
  // alpha is 5 % here so that 600 comparisons can show a rule that breaks its promise.
  PairedOptions options;
  options.alpha = 0.05;
  options.floor = 0;
  const PairedTest fresh = make(options);
  for (const bool tails : {false, true}) {
    const Rates rates = simulate(fresh, 0, 0.03, 600, tails ? heavy : normal);
    const auto bound = stats::proportion_interval(rates.faster + rates.slower, 600, 0.99);
    EXPECT_LE(bound->low, 0.05) << tails << " alarms " << rates.faster + rates.slower;
    EXPECT_LE(rates.faster + rates.slower, 42) << tails;
  }
}

TEST(PairedTest, AlarmsAreNotMuchRarerThanPromised) {
  // A rule that never speaks would keep any error rate: with no floor and no equality a good part of alpha is used.
  PairedOptions options;
  options.alpha = 0.2;
  options.floor = 0;
  options.margin = 0.0001;
  const Rates rates = simulate(make(options), 0, 0.02, 300, normal);
  EXPECT_GE(rates.faster + rates.slower, 6);
  EXPECT_LE(rates.faster + rates.slower, 60);
}

TEST(PairedTest, EqualArmsAreProvenTheSame) {
  const Rates rates = simulate(make(), 0, 0.015, 300, normal);
  EXPECT_GE(rates.same, 294);
  EXPECT_LE(rates.epochs, 12);
}

TEST(PairedTest, FindsSlowdownsOfThreeAndFivePercent) {
  const Rates three = simulate(make(), std::log(1.03), 0.015, 300, normal);
  EXPECT_GE(three.slower, 290);
  EXPECT_EQ(three.faster, 0);
  EXPECT_LE(three.epochs, 11);
  const Rates five = simulate(make(), std::log(1.05), 0.018, 300, normal);
  EXPECT_GE(five.slower, 299);
  EXPECT_LE(five.epochs, 8);
}

TEST(PairedTest, NoiseCostsEpochsNotTruth) {
  const Rates rates = simulate(make(), std::log(1.03), 0.06, 100, heavy);
  EXPECT_LE(rates.same, 10);
  EXPECT_EQ(rates.faster, 0);
}

}  // namespace
}  // namespace mia::judge
