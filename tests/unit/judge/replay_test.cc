// SPDX-License-Identifier: MIT
#include "judge/replay.h"

#include <gtest/gtest.h>

#include "epochs.h"

namespace mia::judge {
namespace {

// Equal arms whose epochs scatter by `sd`, shifted by `effect`.
std::vector<EpochFigures> recording(double sd, double effect = 0, std::size_t epochs = 40) {
  stats::Random random(5);
  std::vector<EpochFigures> trace;
  for (std::size_t i = 0; i < epochs; ++i) {
    const double d = effect + sd * normal(random);
    trace.push_back(epoch_of({d, d, d}, 3));
  }
  return trace;
}

ReplayOptions options(double slowdown, std::int64_t draws = 200) {
  ReplayOptions chosen;
  chosen.slowdown = slowdown;
  chosen.draws = draws;
  return chosen;
}

TEST(Replay, EqualSidesAreTheSame) {
  const auto result = replay(recording(0.01), options(0));
  ASSERT_TRUE(result);
  EXPECT_EQ(result->draws, 200);
  EXPECT_GE(result->verdicts.at("same").value(), 0.98);
  EXPECT_EQ(result->verdicts.at("slower").hits, 0);
  EXPECT_GT(result->verdicts.at("slower").bounds.high, 0.01) << "200 draws prove no more than 1.8 %";
  EXPECT_LT(result->mean_epochs, 7);
  EXPECT_NEAR(result->mean_pairs, 3 * result->mean_epochs, 1e-9);
}

TEST(Replay, AShortRecordingGivesNoEpochTwice) {
  ReplayOptions undecided = options(0.03);
  undecided.test.max_epochs = 20;
  const auto result = replay(recording(0.2, 0, 7), undecided);
  ASSERT_TRUE(result);
  EXPECT_LE(result->mean_epochs, 7);
  EXPECT_GT(result->verdicts.at("unclear").hits, 0);
}

TEST(Replay, ASlowdownIsPutOnB) {
  const auto result = replay(recording(0.01), options(0.05));
  ASSERT_TRUE(result);
  EXPECT_GE(result->verdicts.at("slower").value(), 0.98);
  EXPECT_EQ(result->verdicts.at("faster").hits, 0);
  EXPECT_GE(result->figures.at("gen_latency_s").at("slower").value() +
                result->figures.at("fast_quarter_ms").at("slower").value(),
            0.98);
}

TEST(Replay, CoinsHideAConstantDifferenceUnlessItIsKnownOrTheyAreLeftOut) {
  const auto trace = recording(0.002, std::log(1.05));
  ReplayOptions chosen = options(0);
  chosen.coins = false;
  EXPECT_EQ(replay(trace, chosen)->verdicts.at("slower").hits, 200);
  chosen.coins = true;
  EXPECT_LT(replay(trace, chosen)->verdicts.at("slower").value(), 0.3) << "swapped at random it is noise";
  chosen.recorded = 0.05;
  EXPECT_EQ(replay(trace, chosen)->verdicts.at("slower").hits, 200) << "taken out, swapped, put back";
  chosen.slowdown = 1 / 1.05 - 1;
  EXPECT_EQ(replay(trace, chosen)->verdicts.at("same").hits, 200) << "and undone";
}

TEST(Replay, TheSameSeedGivesTheSameDraws) {
  const auto trace = recording(0.03);
  ReplayOptions chosen = options(0.03);
  const auto first = replay(trace, chosen);
  EXPECT_EQ(first->verdicts.at("slower").hits, replay(trace, chosen)->verdicts.at("slower").hits);
  EXPECT_EQ(first->mean_epochs, replay(trace, chosen)->mean_epochs);
  chosen.seed = 2;
  EXPECT_NE(first->mean_epochs, replay(trace, chosen)->mean_epochs);
}

TEST(Replay, RefusesWhatCannotBeJudged) {
  EXPECT_FALSE(replay(recording(0.01, 0, 4), options(0)));
  ReplayOptions wrong = options(0);
  wrong.test.alpha = 2;
  EXPECT_FALSE(replay(recording(0.01), wrong));
}

TEST(Replay, OnceUsesEachEpochOnce) {
  const auto result = replay_once(recording(0.001, 0, 23), {});
  ASSERT_TRUE(result);
  EXPECT_EQ(result->draws, 4) << "four comparisons of five epochs, three epochs are left";
  EXPECT_EQ(result->verdicts.at("same").hits, 4);
}

TEST(Rivals, BlocksShareNoRunAndOnlyBIsSlower) {
  const std::vector<double> steady(40, 100.0);
  for (const RivalResult& rival : rivals(steady, 0)) {
    EXPECT_EQ(rival.any.hits, 0) << rival.rule;
    EXPECT_EQ(rival.any.of, 40 / (2 * rival.runs)) << rival.rule;
  }
  std::vector<double> noisy;
  stats::Random random(9);
  for (int i = 0; i < 400; ++i) {
    noisy.push_back(100 * std::exp(0.002 * normal(random)));
  }
  for (const RivalResult& rival : rivals(noisy, 0.05)) {
    EXPECT_EQ(rival.slower.hits, rival.slower.of) << rival.rule;
  }
}

TEST(Rivals, DriftFoolsThem) {
  std::vector<double> drifting;
  for (int i = 0; i < 40; ++i) {
    drifting.push_back(100.0 + i);
  }
  for (const RivalResult& rival : rivals(drifting, 0)) {
    EXPECT_GT(rival.any.hits, 0) << rival.rule;
  }
}

TEST(Health, TellsScatterEffectAndVoids) {
  auto trace = recording(0.02, 0.01, 30);
  trace[0].pairs[0].void_reason = "steal";
  trace[0].pairs[1].void_reason = "steal";
  trace[3].pairs[2].void_reason = "swap";
  const TraceHealth health = health_of(trace);
  EXPECT_EQ(health.epochs, 29) << "of one epoch only one pair is left";
  EXPECT_EQ(health.pairs, 86);
  EXPECT_NEAR(health.epoch_sd, 0.02, 0.007);
  EXPECT_LT(health.interval->low, *health.effect);
  EXPECT_LT(*health.effect, health.interval->high);
  EXPECT_NEAR(*health.effect, 0.01, 0.011);
  EXPECT_EQ(health.voided, (std::map<std::string, std::int64_t>{{"steal", 2}, {"swap", 1}}));
  EXPECT_GT(health.independence_p.value_or(0), 0.001);
}

}  // namespace
}  // namespace mia::judge
