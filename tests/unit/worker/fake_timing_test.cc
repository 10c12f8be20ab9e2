// SPDX-License-Identifier: MIT
// The fake worker's virtual times are exactly those of its script.
#include <filesystem>

#include <gtest/gtest.h>

#include "record/fields.h"
#include "record/metrics.h"
#include "worker_process.h"

namespace mia::worker {
namespace {

using Ns = std::vector<std::int64_t>;

record::Run run_of(WorkerProcess& worker, const proto::Generate& request) {
  const auto reply = worker.ask(request);
  const auto* const generated = reply ? std::get_if<proto::Generated>(&reply->reply) : nullptr;
  EXPECT_NE(generated, nullptr) << worker.broken;
  return generated == nullptr ? record::Run{} : generated->run;
}

record::Run first_run(const std::string& script, const proto::Generate& request,
                      const std::map<std::string, std::string>& environment = {}) {
  WorkerProcess worker(script, environment);
  worker.prepare(request.settings);
  return run_of(worker, request);
}

TEST(FakeTiming, PrefillAndIntervalsAreTheScripts) {
  const record::Run run = first_run(R"({"prefill_ms_per_token": 0.25, "token_ms": [1, 2.5]})", tokens_request(5, 16));
  EXPECT_EQ(run.prefill_ns, 4'000'000);
  EXPECT_EQ(run.token_ns, (Ns{4'000'000, 5'000'000, 7'500'000, 8'500'000, 11'000'000}));
  EXPECT_EQ(run.tokens_out, 5);
  EXPECT_EQ(run.prompt_tokens, 16);
  EXPECT_EQ(run.input, "tokens");
  EXPECT_EQ(run.text, std::nullopt);
}

TEST(FakeTiming, TextModeHasTokenizeWordsAndEndOfText) {
  const std::string script =
      R"({"tokenize_ms": 0.5, "prefill_ms": 3, "token_ms": 1, "words": ["one", "two"], "end_of_text_after": 3})";
  record::Settings settings;
  settings.workload.input = "text";
  const proto::Generate request{settings, "hello big world", 8, 0, 1};
  const record::Run run = first_run(script, request);
  EXPECT_EQ(run.tokenize_ns, 500'000);
  EXPECT_EQ(run.token_ns, (Ns{3'500'000, 4'500'000, 5'500'000}));
  EXPECT_EQ(run.prompt_tokens, 4) << "three words and a beginning token";
  EXPECT_EQ(run.text, "one two one");
  EXPECT_EQ(run.words_out, 3);
  EXPECT_EQ(run.stop_reason, "end_of_text");
  proto::Generate on_and_on = request;
  on_and_on.settings.workload.ignore_eos = true;
  EXPECT_EQ(first_run(script, on_and_on).tokens_out, 8);
  EXPECT_EQ(first_run(script, on_and_on).stop_reason, "length");
}

TEST(FakeTiming, WarmUpFactorsScaleAndDriftMultiply) {
  WorkerProcess worker(R"({"prefill_ms": 1, "token_ms": 1, "warm_up_factors": [3, 2],
                           "scale": {"n_threads": {"4": 10, "8": 100}}})");
  worker.prepare();
  EXPECT_EQ(run_of(worker, tokens_request(2)).token_ns, (Ns{30'000'000, 60'000'000})) << "n_threads auto is 4";
  EXPECT_EQ(run_of(worker, tokens_request(2)).token_ns, (Ns{20'000'000, 40'000'000}));
  EXPECT_EQ(run_of(worker, tokens_request(2)).token_ns, (Ns{10'000'000, 20'000'000}));
}

TEST(FakeTiming, WarmUpRunsUntilTheScriptIsSteady) {
  WorkerProcess worker(R"({"token_ms": 1, "warm_up_factors": [3, 2]})");
  worker.prepare();
  const auto reply = worker.ask(proto::WarmUp{tokens_request(9), 10});
  ASSERT_TRUE(reply && std::holds_alternative<proto::WarmedUp>(reply->reply)) << worker.broken;
  EXPECT_TRUE(std::get<proto::WarmedUp>(reply->reply).steady);
  EXPECT_EQ(std::get<proto::WarmedUp>(reply->reply).runs.size(), 5U);
}

TEST(FakeTiming, NoiseComesFromItsSeed) {
  const auto with_seed = [](int seed) {
    return first_run(R"({"token_ms": 10, "noise": {"token": 0.1, "seed": )" + std::to_string(seed) + "}}",
                     tokens_request(200));
  };
  const record::Run run = with_seed(1);
  EXPECT_EQ(run.token_ns, with_seed(1).token_ns);
  EXPECT_NE(run.token_ns, with_seed(2).token_ns);
  const auto intervals = record::decode_intervals_ms(run);
  double mean = 0;
  for (const double ms : intervals) {
    mean += ms / static_cast<double>(intervals.size());
  }
  EXPECT_NEAR(mean, 10.05, 0.4) << "10 ms times the mean of exp(0.1 z), five standard errors wide";
}

TEST(FakeTiming, RunsOfOneProcessDiffer) {
  WorkerProcess worker(R"({"noise": {"run": 0.1}})");
  worker.prepare();
  EXPECT_NE(run_of(worker, tokens_request(3)).token_ns, run_of(worker, tokens_request(3)).token_ns);
}

TEST(FakeTiming, TheCounterTellsTrialsApart) {
  const std::string counter = testing::TempDir() + "/mia-fake-counter-" + std::to_string(::getpid());
  std::filesystem::remove(counter);
  const std::map<std::string, std::string> environment{{"MIA_FAKE_COUNTER", counter}};
  const std::string script =
      R"({"prefill_ms": 1, "drift_per_trial": 0.5, "rules": [{"when_trial": 3, "prefill_ms": 7}]})";
  EXPECT_EQ(first_run(script, tokens_request(1), environment).prefill_ns, 1'000'000);
  EXPECT_EQ(first_run(script, tokens_request(1), environment).prefill_ns, 1'500'000);
  EXPECT_EQ(first_run(script, tokens_request(1), environment).prefill_ns, 14'000'000);
  std::filesystem::remove(counter);
}

TEST(FakeTiming, ReportsLoadContextAndEffectiveSettings) {
  WorkerProcess worker(R"({"load_ms": 33.5, "context_ms": 4.5, "facts": {"graph_splits": 2},
      "buffers": [{"device": "CPU", "kind": "model", "bytes": 77}], "effective": {"flash_attn": "off"}})");
  record::Settings settings;
  ASSERT_TRUE(record::set_text(settings, "flash_attn", "on"));
  ASSERT_TRUE(record::set_text(settings, "n_batch", "128"));
  ASSERT_TRUE(worker.read());
  const auto loaded = worker.ask(proto::Load{"m", settings});
  ASSERT_TRUE(loaded);
  EXPECT_EQ(std::get<proto::ModelLoaded>(loaded->reply).load_ms, 33.5);
  EXPECT_EQ(std::get<proto::ModelLoaded>(loaded->reply).facts.at("graph_splits"), "2");
  EXPECT_EQ(std::get<proto::ModelLoaded>(loaded->reply).buffers.at(0).bytes, 77);
  const auto ready = worker.ask(proto::MakeContext{settings, 300});
  ASSERT_TRUE(ready);
  const auto& context = std::get<proto::ContextReady>(ready->reply);
  EXPECT_EQ(context.create_ms, 4.5);
  EXPECT_EQ(context.effective.llm.flash_attn, "off") << "asked on, got off";
  EXPECT_EQ(context.effective.llm.n_threads, 4);
  EXPECT_EQ(context.effective.llm.n_threads_batch, 4);
  EXPECT_EQ(context.effective.llm.n_ctx, 512);
  EXPECT_EQ(context.effective.llm.n_batch, 128);
  EXPECT_EQ(context.effective.llm.n_ubatch, 128);
}

TEST(FakeTiming, RefusesWhatDoesNotFitTheContext) {
  WorkerProcess worker("{}");
  worker.prepare({}, 256);
  const auto fits = worker.ask(tokens_request(249, 8));
  ASSERT_TRUE(fits);
  EXPECT_TRUE(std::holds_alternative<proto::Generated>(fits->reply));
  const auto reply = worker.ask(tokens_request(250, 8));
  ASSERT_TRUE(reply && std::holds_alternative<proto::Failed>(reply->reply));
  EXPECT_EQ(std::get<proto::Failed>(reply->reply).outcome.kind, record::OutcomeKind::refused);
}

TEST(FakeTiming, ProbesAnswerFromTheScript) {
  WorkerProcess worker(R"({"probes": {"logits": {"perplexity": 12.5}}})");
  worker.prepare();
  const auto scripted = worker.ask(proto::Probe{"logits", Json::object()});
  ASSERT_TRUE(scripted);
  EXPECT_EQ(std::get<proto::Probed>(scripted->reply).result, (Json{{"perplexity", 12.5}}));
  const auto tokens = worker.ask(proto::Probe{"tokenize", Json{{"text", "a b c"}}});
  ASSERT_TRUE(tokens);
  EXPECT_EQ(std::get<proto::Probed>(tokens->reply).result.at("count"), 4);
  const auto unknown = worker.ask(proto::Probe{"weather", Json::object()});
  ASSERT_TRUE(unknown);
  EXPECT_EQ(std::get<proto::Failed>(unknown->reply).outcome.kind, record::OutcomeKind::refused);
}

TEST(FakeTiming, TheNullProviderStampsRealTime) {
  const record::Run run = first_run(R"({"provider": "null"})", tokens_request(1000));
  ASSERT_EQ(run.token_ns.size(), 1000U);
  EXPECT_TRUE(std::ranges::is_sorted(run.token_ns));
  EXPECT_GT(run.token_ns.back(), 0);
  EXPECT_TRUE(run.minor_faults.has_value());
}

}  // namespace
}  // namespace mia::worker
