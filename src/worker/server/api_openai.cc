// SPDX-License-Identifier: MIT
// /v1/completions, which LM Studio, vLLM, llama-server and others have: the prompt as it is, without a chat template.
// What the API does not know (cache_prompt, ignore_eos) goes along, since some servers do.
#include <algorithm>
#include <filesystem>

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "worker/server/api.h"

namespace mia::worker {
namespace {

constexpr std::int64_t kSmallestVocabulary = 1000;  // where the server does not tell it: every model knows these tokens

// The last events tell the usage, of llama-server timings as well.
Heard hear_openai(const Json& event) {
  Heard heard;
  if (const Json& choices = get_member(event, "choices"); choices.is_array() && !choices.empty()) {
    heard.text = get_string(choices.front(), "text").value_or("");
    const std::string stop = get_string(choices.front(), "finish_reason").value_or("");
    heard.stop = stop == "stop" ? "end_of_text" : stop;
  }
  const Json& usage = get_member(event, "usage");
  heard.tokens = get_int(usage, "completion_tokens");
  heard.prompt_tokens = get_int(usage, "prompt_tokens");
  heard.cached = get_int(get_member(usage, "prompt_tokens_details"), "cached_tokens");
  const Json& timings = get_member(event, "timings");
  heard.prompt_ms = get_double(timings, "prompt_ms");
  if (const auto cached = get_int(timings, "cache_n")) {
    heard.cached = cached;
  }
  return heard;
}

Result<Json> models_of(Http& http) {
  MIA_TRY_ASSIGN(const Json told, http.get("/v1/models"));
  const Json& list = get_member(told, "data");
  return list.is_array() ? Result<Json>(list) : fail(ErrorKind::unsupported, "GET /v1/models: no list of models");
}

std::string last_part(const std::string& name) {
  return std::filesystem::path(name).filename().string();
}

class OpenAiApi : public Api {
 public:
  [[nodiscard]] const Dialect& dialect() const override {
    static constexpr Dialect kDialect{Framing::events, "[DONE]", false, &hear_openai};
    return kDialect;
  }

  void describe(record::RuntimeInfo& runtime) const override {
    runtime.model_file = runtime.load_phase = false;
    runtime.takes = {"ignore_eos"};
    runtime.capabilities = {"text", "tokens", "warm_up"};
  }

  [[nodiscard]] Result<std::string> recognise(Http& http) const override {
    MIA_TRY_ASSIGN(const Json list, models_of(http));
    return list.empty() ? std::string() : one_line(get_string(list.front(), "owned_by").value_or(""), 80);
  }

  // By the name that it lists, or that of a file.
  [[nodiscard]] Result<std::optional<double>> load(Http& http, const proto::Load& request) override {
    MIA_TRY_ASSIGN(const Json list, models_of(http));
    const std::string asked = request.settings.llm.id.value_or(request.model);
    std::vector<std::string> names;
    for (const Json& model : list) {
      const std::string name = get_string(model, "id").value_or("");
      names.push_back(one_line(name, 80));
      if (name == asked || name == request.model || last_part(name) == last_part(request.model)) {
        model_ = model;
        return std::optional<double>();
      }
    }
    names.resize(std::min<std::size_t>(names.size(), 10));
    return fail(ErrorKind::usage, "the server has no model '{}'; it has {}", one_line(asked, 200),
                names.empty() ? "none" : join(names, ", "));
  }

  // vLLM and llama-server tell how long a prompt and its answer may be.
  [[nodiscard]] Result<record::LlmSettings> context(Http& /*http*/, const proto::MakeContext& request) override {
    record::LlmSettings effective;
    const auto told = get_int(model_, "max_model_len");
    effective.n_ctx = told ? told : get_int(get_member(model_, "meta"), "n_ctx");
    if (request.n_ctx > effective.n_ctx.value_or(request.n_ctx)) {
      return fail(ErrorKind::usage, "a context of {} tokens is needed, and the server has {}", request.n_ctx,
                  *effective.n_ctx);
    }
    return effective;
  }

  [[nodiscard]] Result<Question> question(Http& /*http*/, const proto::Generate& request) override {
    const record::WorkloadSettings& workload = request.settings.workload;
    const bool tokens = workload.input == "tokens";
    Json body = {{"model", get_string(model_, "id").value_or("")},
                 {"max_tokens", request.max_tokens},
                 {"stream", true},
                 {"stream_options", {{"include_usage", true}}},
                 {"cache_prompt", false},
                 {"seed", request.seed},
                 {"temperature", workload.temperature.value_or(0)},
                 {"prompt", nonce() + request.prompt}};
    if (tokens || workload.ignore_eos.value_or(false)) {
      body["ignore_eos"] = true;
    }
    if (tokens) {
      const std::int64_t known = get_int(get_member(model_, "meta"), "n_vocab").value_or(kSmallestVocabulary);
      body["prompt"] = random_tokens(request, std::max<std::int64_t>(known, 1), true);
    }
    return Question{"/v1/completions", std::move(body)};
  }

 private:
  Json model_;
};

}  // namespace

std::unique_ptr<Api> make_openai_api() {
  return std::make_unique<OpenAiApi>();
}

}  // namespace mia::worker
