// SPDX-License-Identifier: MIT
#include "judge/comparison.h"

#include <cmath>
#include <string>

#include <gtest/gtest.h>

namespace mia::judge {
namespace {

using record::Comparison;
using record::StatisticResult;
using record::Verdict;

Comparison slower_by_three() {
  Comparison comparison;
  comparison.a.label = "runtime:old";
  comparison.b.label = "runtime:new";
  comparison.verdict = Verdict::slower;
  comparison.statistic = "speed";
  comparison.alpha = 0.01;
  comparison.margin = 0.03;
  comparison.epochs = 8;
  comparison.pairs = 62;
  comparison.voided = 2;
  comparison.void_reasons["throttled"] = 2;
  comparison.statistics.emplace_back();
  StatisticResult& speed = comparison.statistics[0];
  speed.name = "speed";
  speed.figure = "fast_quarter_ms";
  speed.verdict = Verdict::slower;
  speed.effect = std::log(1.03);
  speed.low = std::log(1.02);
  speed.high = std::log(1.04);
  speed.level = 0.992;
  speed.mde = 0.02;
  return comparison;
}

TEST(Comparison, SentencesForPeople) {
  Comparison comparison = slower_by_three();
  EXPECT_EQ(
      sentence_of(comparison),
      "runtime:new is slower than runtime:old: 3.0 % more time per token (+2.0 to +4.0 % at 99.2 %), after 8 epochs");
  comparison.statistic = "experience";
  EXPECT_NE(sentence_of(comparison).find("as a user sees it"), std::string::npos);
  comparison.verdict = Verdict::faster;
  comparison.statistic = "speed";
  comparison.statistics[0].verdict = Verdict::faster;
  comparison.statistics[0].effect = std::log(0.9);
  EXPECT_NE(sentence_of(comparison).find("is faster than runtime:old: 10.0 % less time"), std::string::npos);
  comparison.verdict = Verdict::same;
  EXPECT_NE(sentence_of(comparison).find("as fast as runtime:old within ±3 %"), std::string::npos);
  comparison.statistics[0].level = 0.9;
  comparison.statistics[0].epochs = 8;
  comparison.statistics[0].deviating = 1;
  comparison.statistics[0].deviating_at_most = 0.47;
  EXPECT_NE(
      sentence_of(comparison).find(" at 90 %), after 8 epochs; 1 of 8 restarts differed by more, up to 47 % could"),
      std::string::npos);
  comparison.verdict = Verdict::unclear;
  comparison.stopped = "the last epoch is done";
  comparison.statistics[0].needed_epochs = 31;
  EXPECT_NE(sentence_of(comparison).find("about 31 epochs would show 3 %"), std::string::npos);
  EXPECT_NE(sentence_of(comparison).find("the last epoch is done"), std::string::npos);
  record::PairEpoch epoch;
  epoch.preparation_s = 2;
  epoch.pairs_s = 4;
  epoch.pairs.resize(8);
  comparison.epoch_table = {epoch, epoch};
  comparison.epochs = 2;
  comparison.pairs = 16;
  EXPECT_DOUBLE_EQ(costs_of(comparison).start_s, 2);
  EXPECT_DOUBLE_EQ(costs_of(comparison).pair_s, 0.5);
  EXPECT_NE(sentence_of(comparison).find("about 31 epochs (3 min 06 s) would show 3 %"), std::string::npos)
      << sentence_of(comparison);
  EXPECT_NE(sentence_of(Comparison{}).find("unclear"), std::string::npos);
}

TEST(Comparison, IntervalForAProgressLine) {
  StatisticResult result;
  EXPECT_EQ(interval_text(result), "");
  result.low = std::log(0.98);
  result.high = std::log(1.003);
  EXPECT_EQ(interval_text(result), "-2.0 to +0.3 %");
}

TEST(Comparison, SaysWhenADifferenceIsLessThanTheMargin) {
  Comparison comparison = slower_by_three();
  EXPECT_EQ(sentence_of(comparison).find("less than the margin"), std::string::npos);
  comparison.statistics[0].small = true;
  EXPECT_NE(sentence_of(comparison).find("less than the margin of 3 %"), std::string::npos);
  comparison.statistics[0].name = "experience";
  EXPECT_EQ(sentence_of(comparison).find("less than the margin"), std::string::npos) << "another figure's";
}

}  // namespace
}  // namespace mia::judge
