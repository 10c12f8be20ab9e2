// SPDX-License-Identifier: MIT
#include "worker/provider_fake.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <random>
#include <utility>

#include "base/clock.h"
#include "base/text.h"
#include "record/fields.h"
#include "worker/token_loop.h"
#include "worker/usage.h"

namespace mia::worker {
namespace {
constexpr std::int64_t kContextStep = 256;
constexpr std::int64_t kBatch = 2048;
constexpr std::int64_t kMicroBatch = 512;

std::int64_t to_ns(double ms) {
  return std::llround(ms * kNsPerMs);
}

// Standard normal values by Box and Muller over a generator that the standard fixes bit by bit, so that a script's
// times are the same on every machine.
class Normal {
 public:
  explicit Normal(std::uint64_t seed) : engine_(seed) {}
  double operator()() {
    const double u = uniform();
    return std::sqrt(-2.0 * std::log(1.0 - u)) * std::cos(2.0 * std::numbers::pi * uniform());
  }

 private:
  double uniform() { return static_cast<double>(engine_() >> 11U) * 0x1p-53; }
  std::mt19937_64 engine_;
};

// exp() keeps a factor positive whatever the noise.
double noise_factor(Normal& normal, double relative) {
  return relative == 0 ? 1.0 : std::exp(relative * normal());
}

std::int64_t count_prompt(const proto::Generate& request) {
  return request.settings.workload.input == "tokens" ? request.prompt_tokens : count_words(request.prompt) + 1;
}

std::string text_of(const std::vector<std::string>& words, std::int64_t tokens) {
  std::vector<std::string> out;
  for (std::int64_t i = 0; i < tokens; ++i) {
    out.push_back(words[static_cast<std::size_t>(i) % words.size()]);
  }
  return join(out, " ");
}

// The wishes that a runtime would grant, and what it would choose where none was given.
record::Settings effective_settings(const proto::MakeContext& request, const Behaviour& behaviour) {
  const record::LlmSettings& asked = request.settings.llm;
  record::Settings effective;
  effective.llm = asked;
  effective.llm.id.reset();
  effective.llm.max_output_tokens.reset();
  const std::int64_t threads = asked.n_threads.value_or(behaviour.n_threads_auto);
  effective.llm.n_threads = threads;
  effective.llm.n_threads_batch = asked.n_threads_batch.value_or(threads);
  const std::int64_t n_ctx = std::max<std::int64_t>(asked.n_ctx.value_or(request.n_ctx), 1);
  effective.llm.n_ctx = (n_ctx + kContextStep - 1) / kContextStep * kContextStep;
  effective.llm.n_batch = std::min(asked.n_batch.value_or(kBatch), *effective.llm.n_ctx);
  effective.llm.n_ubatch = std::min(asked.n_ubatch.value_or(kMicroBatch), *effective.llm.n_batch);
  for (const auto& [key, text] : behaviour.effective) {
    (void)record::set_text(effective, key, text);
  }
  return effective;
}

class FakeProvider : public Provider {
 public:
  explicit FakeProvider(Script script) : script_(std::move(script)) {}

  record::RuntimeInfo identity() override {
    record::RuntimeInfo runtime = record::scripted_runtime();
    runtime.build_flags = "FAKE = 1";
    runtime.backends = {"FAKE"};
    runtime.devices = {{"CPU", "a scripted device", "cpu", std::nullopt, std::nullopt, ""}};
    runtime.capabilities = {"text", "tokens", "warm_up", "probe:tokenize"};
    const Behaviour behaviour = script_.behaviour(nullptr);
    runtime.load_phase = behaviour.load_phase;
    for (const auto& [name, unused] : behaviour.probes.items()) {
      runtime.capabilities.push_back("probe:" + name);
    }
    return runtime;
  }

  proto::Reply load(const proto::Load& request) override {
    model_ = request.model;
    settings_ = request.settings;
    const Behaviour behaviour = script_.behaviour(&request.settings, model_);
    return proto::ModelLoaded{behaviour.load_ms, behaviour.buffers, behaviour.facts};
  }

  proto::Reply make_context(const proto::MakeContext& request) override {
    const Behaviour behaviour = script_.behaviour(&request.settings, model_);
    proto::ContextReady ready;
    ready.effective = effective_ = effective_settings(request, behaviour);
    ready.create_ms = behaviour.context_ms;
    return ready;
  }

  proto::Reply generate(const proto::Generate& request) override {
    const std::int64_t needed = count_prompt(request) + request.max_tokens - 1;
    if (needed > *effective_.llm.n_ctx) {
      return refused(fmt::format("prompt and output need {} tokens, n_ctx is {}", needed, *effective_.llm.n_ctx));
    }
    const Behaviour behaviour = script_.behaviour(&request.settings, model_);
    ++runs_;
    return proto::Generated{run(request, behaviour)};
  }

  proto::Reply probe(const proto::Probe& request) override {
    const Behaviour behaviour = script_.behaviour(&settings_, model_);
    if (const auto scripted = behaviour.probes.find(request.what); scripted != behaviour.probes.end()) {
      return proto::Probed{*scripted};
    }
    if (request.what != "tokenize") {
      return refused(fmt::format("this worker has no probe '{}'", one_line(request.what, 80)));
    }
    const std::int64_t words = count_words(get_string(request.arguments, "text").value_or(""));
    Json ids = Json::array();
    for (std::int64_t i = 0; i <= words; ++i) {
      ids.push_back(i + 1);
    }
    return proto::Probed{Json{{"ids", std::move(ids)}, {"count", words + 1}}};
  }

  void unload() override { model_.clear(); }

 protected:
  virtual record::Run run(const proto::Generate& request, const Behaviour& behaviour) {
    record::Run run = labelled(request, behaviour);
    Normal trial_noise(behaviour.noise.seed * 1'000'003 + static_cast<std::uint64_t>(script_.trial()));
    const double trial_factor = noise_factor(trial_noise, behaviour.noise.trial) *
                                (1.0 + behaviour.drift_per_trial * static_cast<double>(script_.trial() - 1));
    Normal noise((behaviour.noise.seed * 1'000'003 + static_cast<std::uint64_t>(script_.trial())) * 1'000'003 + runs_);
    const double factor = trial_factor * scale_factor(behaviour) * run_factor(behaviour) *
                          noise_factor(noise, behaviour.noise.run) *
                          (1 + request.settings.workload.inject_slow.value_or(0));
    const bool text = run.input == "text";
    if (text) {
      run.tokenize_ns = to_ns(behaviour.tokenize_ms);
    }
    run.prefill_ns = to_ns(factor * behaviour.prefill_ms.value_or(behaviour.prefill_ms_per_token *
                                                                  static_cast<double>(run.prompt_tokens)));
    std::int64_t now = run.tokenize_ns.value_or(0) + run.prefill_ns;
    for (std::int64_t i = 0; i < run.tokens_out; ++i) {
      if (i > 0) {
        const double ms = behaviour.token_ms[static_cast<std::size_t>(i - 1) % behaviour.token_ms.size()];
        now += to_ns(ms * factor * noise_factor(noise, behaviour.noise.token));
      }
      run.token_ns.push_back(now);
    }
    return run;
  }

  // Everything but the times.
  static record::Run labelled(const proto::Generate& request, const Behaviour& behaviour) {
    record::Run run;
    run.input = request.settings.workload.input.value_or("text");
    run.prompt_tokens = count_prompt(request);
    run.tokens_out = request.max_tokens;
    run.stop_reason = "length";
    const bool text = run.input == "text";
    if (text && behaviour.end_of_text_after && !request.settings.workload.ignore_eos.value_or(false) &&
        *behaviour.end_of_text_after < run.tokens_out) {
      run.tokens_out = std::max<std::int64_t>(*behaviour.end_of_text_after, 0);
      run.stop_reason = "end_of_text";
    }
    if (text) {
      run.text = text_of(behaviour.words, run.tokens_out);
      run.words_out = count_words(*run.text);
    }
    return run;
  }

 private:
  double scale_factor(const Behaviour& behaviour) const {
    double factor = 1;
    for (const auto& [key, factors] : behaviour.scale) {
      const auto at = factors.find(record::to_text(record::get(effective_, *record::find_field(key))));
      factor *= at == factors.end() ? 1.0 : at->second;
    }
    return factor;
  }
  double run_factor(const Behaviour& behaviour) const {
    return runs_ <= behaviour.warm_up_factors.size() ? behaviour.warm_up_factors[runs_ - 1] : 1.0;
  }

  Script script_;
  record::Settings settings_;
  record::Settings effective_;
  std::string model_;
  std::uint64_t runs_ = 0;
};

class NullProvider : public FakeProvider {
 public:
  using FakeProvider::FakeProvider;

 protected:
  record::Run run(const proto::Generate& request, const Behaviour& behaviour) override {
    record::Run run = labelled(request, behaviour);
    run.token_ns = touched_stamps(run.tokens_out);
    const Usage before = usage_now();
    const std::int64_t begin = steady_ns();
    (void)measure_tokens(begin, run.tokens_out, run.token_ns, [] { return Step::token; });
    add_usage(run, before, usage_now());
    return run;
  }
};

}  // namespace

std::unique_ptr<Provider> make_fake_provider(const Script& script) {
  if (script.is_null_provider()) {
    return std::make_unique<NullProvider>(script);
  }
  return std::make_unique<FakeProvider>(script);
}

}  // namespace mia::worker
