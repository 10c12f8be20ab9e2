// SPDX-License-Identifier: MIT
#include "judge/comparison.h"

#include <cmath>
#include <limits>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace mia::judge {
namespace {

Comparison slower_by_three() {
  Comparison comparison;
  comparison.a = "runtime:old";
  comparison.b = "runtime:new";
  comparison.verdict = Verdict::slower;
  comparison.statistic = "speed";
  comparison.effect = std::log(1.03);
  comparison.low = std::log(1.02);
  comparison.high = std::log(1.04);
  comparison.level = 0.992;
  comparison.alpha = 0.01;
  comparison.margin = 0.03;
  comparison.epochs = 8;
  comparison.pairs = 62;
  comparison.voided = 2;
  comparison.void_reasons["throttled"] = 2;
  comparison.mde = 0.02;
  comparison.statistics.emplace_back();
  comparison.statistics[0].figure = "fast_quarter_ms";
  return comparison;
}

TEST(Comparison, JsonHasWhatACallerReads) {
  const Json json = to_json(slower_by_three());
  for (const char* const key : {"verdict", "effect", "interval", "epochs", "pairs", "voided", "mde", "statistic", "a",
                                "b", "statistics", "needed_epochs", "sentence"}) {
    EXPECT_TRUE(json.contains(key)) << key;
  }
  EXPECT_EQ(json["verdict"], "slower");
  EXPECT_NEAR(json["effect"]["ln"].get<double>(), std::log(1.03), 1e-12);
  EXPECT_NEAR(json["effect"]["percent"].get<double>(), 3, 1e-9);
  EXPECT_NEAR(json["interval"]["low_percent"].get<double>(), 2, 1e-9);
  EXPECT_NEAR(json["interval"]["high_percent"].get<double>(), 4, 1e-9);
  EXPECT_EQ(json["interval"]["level"], 0.992);
  EXPECT_EQ(json["voided"]["pairs"], 2);
  EXPECT_EQ(json["voided"]["reasons"]["throttled"], 2);
  EXPECT_TRUE(json["needed_epochs"].is_null());
  EXPECT_EQ(json["statistics"][0]["figure"], "fast_quarter_ms");
}

TEST(Comparison, UnknownIsNullAndTextSurvives) {
  Comparison comparison;
  comparison.a = "<script>\n\"; DROP";
  comparison.mde = std::numeric_limits<double>::infinity();
  const Json json = to_json(comparison);
  EXPECT_TRUE(json["effect"]["ln"].is_null());
  EXPECT_TRUE(json["interval"].is_null());
  EXPECT_TRUE(json["mde"]["ln"].is_null());
  EXPECT_TRUE(json["mde"]["percent"].is_null());
  EXPECT_EQ(Json::parse(dump_json(json))["a"], comparison.a);
}

TEST(Comparison, SentencesForPeople) {
  Comparison comparison = slower_by_three();
  EXPECT_EQ(sentence_of(comparison),
            "runtime:new is slower than runtime:old: 3.0 % more time per token (+2.0 to +4.0 %), after 8 epochs");
  comparison.statistic = "experience";
  EXPECT_NE(sentence_of(comparison).find("as a user sees it"), std::string::npos);
  comparison.verdict = Verdict::faster;
  comparison.statistic = "speed";
  comparison.effect = std::log(0.9);
  EXPECT_NE(sentence_of(comparison).find("is faster than runtime:old: 10.0 % less time"), std::string::npos);
  comparison.verdict = Verdict::same;
  EXPECT_NE(sentence_of(comparison).find("as fast as runtime:old within ±3 %"), std::string::npos);
  comparison.verdict = Verdict::unclear;
  comparison.stopped = "the last epoch is done";
  comparison.needed_epochs = 31;
  EXPECT_NE(sentence_of(comparison).find("about 31 epochs would show 3 %"), std::string::npos);
  EXPECT_NE(sentence_of(comparison).find("the last epoch is done"), std::string::npos);
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
  comparison.statistics[0].name = "speed";
  comparison.statistics[0].verdict = Verdict::slower;
  comparison.statistics[0].small = true;
  EXPECT_NE(sentence_of(comparison).find("less than the margin of 3 %"), std::string::npos);
  comparison.statistics[0].name = "experience";
  EXPECT_EQ(sentence_of(comparison).find("less than the margin"), std::string::npos) << "another figure's";
}

}  // namespace
}  // namespace mia::judge
