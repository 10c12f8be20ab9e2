// SPDX-License-Identifier: MIT
// Ollama's own API: a prompt without a template, settings as options of each request, and a load that can be asked for:
// first out (keep_alive 0), then in, by a request of one token whose load_duration is the time.
#include <algorithm>
#include <array>
#include <utility>

#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/text.h"
#include "worker/server/api.h"

namespace mia::worker {
namespace {

constexpr std::int64_t kNonceTokens = 16;  // at most: what the nonce adds to a prompt
constexpr std::string_view kPrefix = "ollama:";
constexpr const char* kGenerate = "/api/generate";

// What request's members are called here: docs.ollama.com/modelfile, "Valid parameters and values".
constexpr std::array<std::pair<const char*, record::OptInt record::LlmSettings::*>, 3> kOptions = {{
    {"num_thread", &record::LlmSettings::n_threads},
    {"num_gpu", &record::LlmSettings::n_gpu_layers},
    {"num_batch", &record::LlmSettings::n_batch},
}};

std::optional<double> ms_of(const Json& event, std::string_view member) {
  const auto ns = get_double(event, member);
  return ns ? std::optional(*ns / kNsPerMs) : std::nullopt;
}

Heard hear_ollama(const Json& event) {
  Heard heard;
  heard.text = get_string(event, "response").value_or("");
  if (!get_bool(event, "done").value_or(false)) {
    return heard;
  }
  const std::string stop = get_string(event, "done_reason").value_or("no reason told");
  heard.stop = stop == "stop" ? "end_of_text" : stop;
  heard.tokens = get_int(event, "eval_count");
  heard.prompt_tokens = get_int(event, "prompt_eval_count");
  heard.cached = get_int(event, "prompt_eval_cached_count");
  heard.prompt_ms = ms_of(event, "prompt_eval_duration");
  heard.load_ms = ms_of(event, "load_duration");
  return heard;
}

// "qwen2.5" is "qwen2.5:latest".
std::string full_name(std::string name) {
  return name.find(':', name.rfind('/') == std::string::npos ? 0 : name.rfind('/')) == std::string::npos
             ? name + ":latest"
             : name;
}

class OllamaApi : public Api {
 public:
  [[nodiscard]] const Dialect& dialect() const override {
    static constexpr Dialect kDialect{Framing::lines, "", false, &hear_ollama};
    return kDialect;
  }

  void describe(record::RuntimeInfo& runtime) const override {
    runtime.model_file = false;
    runtime.takes = {"n_ctx", "n_threads", "n_gpu_layers", "n_batch"};
    runtime.capabilities = {"text", "warm_up"};
  }

  [[nodiscard]] Result<std::string> recognise(Http& http) const override {
    MIA_TRY_ASSIGN(const Json told, http.get("/api/version"));
    const auto version = get_string(told, "version");
    return version ? Result<std::string>(one_line(*version, 80))
                   : fail(ErrorKind::unsupported, "GET /api/version: no version");
  }

  [[nodiscard]] Result<std::optional<double>> load(Http& http, const proto::Load& request) override {
    model_ = request.settings.llm.id.value_or(request.model);
    model_ = model_.starts_with(kPrefix) ? model_.substr(kPrefix.size()) : model_;
    MIA_TRY(require_model(http));
    options_ = options_of(request.settings.llm, request.n_ctx);
    MIA_TRY_ASSIGN(const Json out, http.post(kGenerate, Json{{"model", model_}, {"keep_alive", 0}, {"stream", false}}));
    MIA_TRY(load_now(http));
    return load_ms_;
  }

  [[nodiscard]] Result<record::LlmSettings> context(Http& http, const proto::MakeContext& request) override {
    if (request.settings.llm.n_ctx.value_or(request.n_ctx) > n_ctx_) {
      options_ = options_of(request.settings.llm, request.n_ctx);
      MIA_TRY(load_now(http));
    }
    record::LlmSettings effective;
    MIA_TRY_ASSIGN(const Json loaded, http.get("/api/ps"));
    for (const Json& model : get_member(loaded, "models")) {
      if (full_name(get_string(model, "name").value_or("")) == full_name(model_)) {
        effective.n_ctx = get_int(model, "context_length");
      }
    }
    return effective;
  }

  [[nodiscard]] Result<Question> question(Http& /*http*/, const proto::Generate& request) override {
    const record::WorkloadSettings& workload = request.settings.workload;
    if (workload.input == "tokens") {
      return fail(ErrorKind::usage, "Ollama's API takes text alone; take workload.input=text");
    }
    Json body = {{"model", model_}, {"prompt", nonce() + request.prompt}, {"raw", true}, {"stream", true}};
    body["options"] = options_;
    body["options"]["num_predict"] = request.max_tokens;
    body["options"]["seed"] = request.seed;
    body["options"]["temperature"] = workload.temperature.value_or(0);
    return Question{kGenerate, std::move(body)};
  }

  // The first load took load_ms_; of a model that is there the same member is the way to it.
  [[nodiscard]] Status accept(const Heard& whole) const override {
    const bool again = whole.load_ms && load_ms_ && *whole.load_ms > *load_ms_ / 2;
    return again ? fail(ErrorKind::protocol, "the server loaded the model once more in the run, in {:.0f} ms",
                        *whole.load_ms)
                 : Status{};
  }

 private:
  Status require_model(Http& http) const {
    MIA_TRY_ASSIGN(const Json told, http.get("/api/tags"));
    std::vector<std::string> names;
    for (const Json& model : get_member(told, "models")) {
      names.push_back(one_line(get_string(model, "name").value_or(""), 80));
      if (names.back() == full_name(model_)) {
        return {};
      }
    }
    names.resize(std::min<std::size_t>(names.size(), 10));
    return fail(ErrorKind::usage, "the server has no model '{}'; it has {}", one_line(model_, 200),
                names.empty() ? "none" : join(names, ", "));
  }

  // A prompt that does not fit would be cut without a word.
  Json options_of(const record::LlmSettings& llm, std::int64_t needed) {
    n_ctx_ = llm.n_ctx.value_or(needed);
    Json options = {{"num_ctx", llm.n_ctx.value_or(needed + kNonceTokens)}};
    for (const auto& [name, member] : kOptions) {
      if (llm.*member) {
        options[name] = *(llm.*member);
      }
    }
    return options;
  }

  // One token: an empty prompt would load, too, but tell no time.
  Status load_now(Http& http) {
    Json body = {{"model", model_}, {"prompt", nonce()}, {"raw", true}, {"stream", false}, {"options", options_}};
    body["options"]["num_predict"] = 1;
    MIA_TRY_ASSIGN(const Json told, http.post(kGenerate, body));
    load_ms_ = ms_of(told, "load_duration");
    return load_ms_ ? Status{} : fail(ErrorKind::protocol, "POST {}: no load_duration", kGenerate);
  }

  std::string model_;
  Json options_;
  std::int64_t n_ctx_ = 0;
  std::optional<double> load_ms_;
};

}  // namespace

std::unique_ptr<Api> make_ollama_api() {
  return std::make_unique<OllamaApi>();
}

}  // namespace mia::worker
