// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "record/trial.h"

namespace mia::record {
namespace {

Trial a_trial() {
  Trial trial;
  trial.id = "s-1";
  trial.cell = "n_threads=2";
  trial.repeat = 2;
  trial.position = 7;
  trial.started = "2026-11-24T10:41:47Z";
  trial.requested.llm.n_threads = 2;
  trial.effective.llm.n_threads = 2;
  trial.phases.load_ms = 120.5;
  trial.cache = {"cold", "cold", 0.0};
  trial.conditions.steal_s = 0.25;
  trial.conditions.voided_by = {"steal 3 % of the time"};
  record::Run run;
  run.input = "text";
  run.prompt_tokens = 5;
  run.prefill_ns = 900;
  run.token_ns = {1000, 2000, 4000};
  run.tokens_out = 3;
  run.text = "a\nb \"c\" \xf0\x9f\x98\x80";
  run.stop_reason = "length";
  trial.runs = {run};
  trial.buffers = {{"CPU", "model", 100}};
  trial.facts = {{"graph_splits", "1"}};
  return trial;
}

TEST(TrialJson, ComesBackWhole) {
  const Trial trial = a_trial();
  const auto back = trial_from_json(to_json(trial));
  ASSERT_TRUE(back) << back.error().text();
  EXPECT_EQ(to_json(*back), to_json(trial));
  EXPECT_EQ(back->runs[0].token_ns, trial.runs[0].token_ns);
  EXPECT_EQ(back->conditions.voided_by, trial.conditions.voided_by);
  EXPECT_FALSE(back->conditions.psi_cpu_some_s) << "unknown stays unknown";
  EXPECT_FALSE(back->peak_rss_bytes);
}

TEST(TrialJson, LiesAreRefused) {
  for (const auto& [member, value] : std::vector<std::pair<std::string, Json>>{
           {"runs", "many"}, {"outcome", Json{{"kind", "splendid"}}}, {"repeat", "first"}}) {
    Json json = to_json(a_trial());
    json[member] = value;
    EXPECT_FALSE(trial_from_json(json)) << member;
  }
  EXPECT_FALSE(trial_from_json(Json::array()));
  EXPECT_FALSE(trial_from_json(Json()));
}

}  // namespace
}  // namespace mia::record
