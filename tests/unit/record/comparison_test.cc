// SPDX-License-Identifier: MIT
#include "record/comparison.h"

#include <cmath>
#include <limits>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace mia::record {
namespace {

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

Run run_of(std::int64_t ms_per_token) {
  Run run;
  run.prompt_tokens = 16;
  run.prefill_ns = 40'000'000;
  for (std::int64_t token = 0; token < 5; ++token) {
    run.token_ns.push_back(run.prefill_ns + token * ms_per_token * 1'000'000);
  }
  run.tokens_out = std::ssize(run.token_ns);
  return run;
}

// Two pairs that count, and one that does not.
PairEpoch epoch_of_three() {
  PairEpoch epoch;
  epoch.index = 4;
  epoch.idle_cpus = 0.01;
  for (const std::int64_t ms : {10, 20, 1000}) {
    RunPair pair;
    pair.index = std::ssize(epoch.pairs);
    pair.a.run = run_of(ms);
    pair.b.run = run_of(2 * ms);
    pair.a.conditions.wall_s = 0.5;
    epoch.pairs.push_back(std::move(pair));
  }
  epoch.pairs[1].disturbed_by = {"pressure"};
  epoch.pairs[2].voided_by = {"steal"};
  return epoch;
}

TEST(Comparison, JsonHasWhatACallerReads) {
  const Json json = to_json(slower_by_three());
  for (const char* const key : {"verdict", "effect", "interval", "epochs", "pairs", "voided", "mde", "statistic", "a",
                                "b", "statistics", "needed_epochs", "sentence", "epoch_table", "complete"}) {
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
  comparison.a.label = "<script>\n\"; DROP";
  comparison.statistics.emplace_back().mde = std::numeric_limits<double>::infinity();
  const Json json = to_json(comparison);
  EXPECT_TRUE(json["effect"]["ln"].is_null());
  EXPECT_TRUE(json["interval"].is_null());
  EXPECT_TRUE(json["mde"]["ln"].is_null());
  EXPECT_TRUE(json["mde"]["percent"].is_null());
  EXPECT_EQ(Json::parse(dump_json(json))["a"], comparison.a.label);
}

TEST(Comparison, IsReadAsItWasWritten) {
  Comparison comparison = slower_by_three();
  comparison.session = "20261124-104147-1a2b";
  comparison.finished = "2026-11-24T10:41:47Z";
  comparison.a.requested.llm.n_threads = 3;
  comparison.b.runtime.name = "new";
  comparison.coin_seed = std::numeric_limits<std::uint64_t>::max();
  comparison.outcome.kind = OutcomeKind::crashed;
  comparison.outcome.signal = 11;
  comparison.outcome_of_b = true;
  comparison.notes = {"a note"};
  comparison.epoch_table = {epoch_of_three()};
  comparison.statistics.emplace_back().name = "experience";  // without figures
  summarize_arms(comparison);
  const Json json = to_json(comparison);
  const auto again = comparison_from_json(json);
  ASSERT_TRUE(again) << again.error().text();
  EXPECT_EQ(to_json(*again), json);
  EXPECT_EQ(again->a.requested.llm.n_threads, 3);
  EXPECT_EQ(again->epoch_table.at(0).pairs.at(2).voided_by.at(0), "steal");
  EXPECT_FALSE(again->statistics.at(1).level);
}

TEST(Comparison, SpeedsAreMediansOverThePairsThatCount) {
  Comparison comparison;
  comparison.epoch_table = {epoch_of_three()};
  summarize_arms(comparison);
  EXPECT_NEAR(*comparison.a.decode_tok_s, 75, 1e-9) << "of 100 and 50";
  EXPECT_NEAR(*comparison.b.decode_tok_s, 37.5, 1e-9);
  EXPECT_NEAR(*comparison.a.prefill_tok_s, 400, 1e-9);
}

TEST(Comparison, TheDecidingStatisticStandsForTheWhole) {
  Comparison comparison = slower_by_three();
  comparison.statistics.push_back(comparison.statistics[0]);
  comparison.statistics[0].verdict = Verdict::unclear;
  comparison.statistics[1].effect = 0.5;
  EXPECT_EQ(deciding(comparison).effect, 0.5);
  comparison.statistic = "of another version";
  EXPECT_EQ(deciding(comparison).effect, std::log(1.03)) << "the first";
  EXPECT_FALSE(deciding(Comparison{}).effect);
}

TEST(Comparison, OtherDocumentsAreRefused) {
  const Json good = to_json(slower_by_three());
  const auto wrong = [&](const char* key, const Json& value) {
    Json json = good;
    json[key] = value;
    const auto read = comparison_from_json(json);
    return read ? std::string() : read.error().message;
  };
  EXPECT_EQ(wrong("kind", "report"), "this is not the report of a comparison");
  EXPECT_EQ(wrong("schema", 2), "the comparison has schema 2, this program reads schema 1");
  EXPECT_EQ(wrong("verdict", "perhaps"), "comparison: 'verdict' is 'perhaps', none of faster, same, slower, unclear");
  EXPECT_EQ(wrong("epochs", "many"), "comparison: 'epochs' has a wrong type");
  EXPECT_EQ(wrong("statistics", nullptr), "comparison: 'statistics' is not a list");
  EXPECT_EQ(wrong("epoch_table", {{{"pairs", {3}}}}), "comparison.epoch_table[0]: 'pairs[0]' is not an object");
  EXPECT_FALSE(comparison_from_json(Json::array()));
}

}  // namespace
}  // namespace mia::record
