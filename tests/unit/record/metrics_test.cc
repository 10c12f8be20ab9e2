// SPDX-License-Identifier: MIT
#include "record/metrics.h"

#include <gtest/gtest.h>

namespace mia::record {
namespace {

constexpr std::int64_t kMs = 1'000'000;

// 10 prompt tokens in 100 ms, then tokens at 110, 130, 150 ... ms.
Run a_run(std::int64_t tokens) {
  record::Run run;
  run.input = "tokens";
  run.prompt_tokens = 10;
  run.prefill_ns = 100 * kMs;
  for (std::int64_t i = 0; i < tokens; ++i) {
    run.token_ns.push_back((110 + 20 * i) * kMs);
  }
  run.tokens_out = tokens;
  return run;
}

TEST(RunMetrics, FollowTheDefinitionsOfTheMethod) {
  const record::Run run = a_run(11);
  EXPECT_DOUBLE_EQ(gen_latency_s(run), 0.310);
  EXPECT_DOUBLE_EQ(*tokens_per_s(run), 11 / 0.310);
  EXPECT_DOUBLE_EQ(*ttft_ms(run), 110);
  EXPECT_DOUBLE_EQ(*prefill_tok_s(run), 100);
  EXPECT_DOUBLE_EQ(*decode_tok_s(run), 50);
  EXPECT_EQ(decode_intervals_ms(run).size(), 10U);
}

TEST(RunMetrics, AreUnknownWithoutTokens) {
  const record::Run none = a_run(0);
  EXPECT_FALSE(tokens_per_s(none));
  EXPECT_FALSE(ttft_ms(none));
  EXPECT_FALSE(decode_tok_s(none));
  EXPECT_FALSE(decode_tok_s(a_run(1))) << "one token has no interval";
  EXPECT_FALSE(fast_quarter_ms(a_run(4))) << "three intervals have no quarter";
}

TEST(RunMetrics, FastestQuarterIgnoresStalls) {
  record::Run run = a_run(9);  // 8 intervals of 20 ms
  for (std::size_t i = 5; i < run.token_ns.size(); ++i) {
    run.token_ns[i] += 500 * kMs;
  }
  EXPECT_DOUBLE_EQ(*fast_quarter_ms(run), 20);
  EXPECT_LT(*decode_tok_s(run), 20);
}

TEST(TrialMetrics, WarmUpRunsDoNotCount) {
  Trial trial;
  record::Run slow = a_run(11);
  slow.warm_up = true;
  slow.prefill_ns = 1000 * kMs;
  trial.runs = {slow, a_run(11)};
  EXPECT_EQ(measured(trial).size(), 1U);
  EXPECT_DOUBLE_EQ(*find_metric("prefill_tok_s")->of(trial), 100);
  trial.runs.pop_back();
  EXPECT_FALSE(find_metric("prefill_tok_s")->of(trial));
}

TEST(MetricTable, NamesAreUniqueAndDocumented) {
  for (const Metric& metric : metrics()) {
    EXPECT_EQ(find_metric(metric.name), &metric);
    EXPECT_FALSE(metric.doc.empty()) << metric.name;
    EXPECT_FALSE(metric.of(Trial{}).has_value()) << metric.name << " is known of an empty trial";
  }
  EXPECT_EQ(find_metric("speed_of_light"), nullptr);
}

}  // namespace
}  // namespace mia::record
