// SPDX-License-Identifier: MIT
// llama-server's own API. Kept equal to the worker of a libllama where it allows that: nothing cached, the likeliest
// token or one by temperature and seed alone. A server chooses its tokens itself, so in tokens mode only the prompt is
// random.
#include <filesystem>
#include <system_error>

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "worker/server/api.h"

namespace mia::worker {
namespace {

Heard hear_llama(const Json& event) {
  Heard heard;
  heard.text = get_string(event, "content").value_or("");
  heard.so_far = get_int(event, "tokens_predicted");
  if (!get_bool(event, "stop").value_or(false)) {
    return heard;
  }
  const std::string stop = get_string(event, "stop_type").value_or("no reason told");
  heard.stop = stop == "eos" ? "end_of_text" : stop == "limit" ? "length" : stop;
  const Json& timings = get_member(event, "timings");
  heard.tokens = get_int(timings, "predicted_n");
  heard.prompt_tokens = get_int(event, "tokens_evaluated");
  heard.cached = get_int(timings, "cache_n");
  heard.prompt_ms = get_double(timings, "prompt_ms");
  return heard;
}

Result<std::vector<std::int64_t>> tokenize(Http& http, const std::string& text, bool special) {
  MIA_TRY_ASSIGN(const Json told,
                 http.post("/tokenize", Json{{"content", text}, {"add_special", true}, {"parse_special", special}}));
  std::vector<std::int64_t> ids;
  for (const Json& id : get_member(told, "tokens")) {
    if (!id.is_number_integer()) {
      return fail(ErrorKind::protocol, "POST /tokenize: no list of tokens");
    }
    ids.push_back(id.get<std::int64_t>());
  }
  return ids;
}

class LlamaApi : public Api {
 public:
  [[nodiscard]] const Dialect& dialect() const override {
    static constexpr Dialect kDialect{Framing::events, "", true, &hear_llama};
    return kDialect;
  }

  void describe(record::RuntimeInfo& runtime) const override {
    const std::size_t dash = runtime.version.find('-');  // "b4711-abcdef1"
    runtime.commit = dash == std::string::npos ? "" : runtime.version.substr(dash + 1);
    runtime.version = runtime.version.substr(0, dash);
    runtime.load_phase = false;
    runtime.takes = {"n_ctx", "ignore_eos"};
    runtime.capabilities = {"text", "tokens", "warm_up", "probe:tokenize", "probe:detokenize"};
  }

  [[nodiscard]] Result<std::string> recognise(Http& http) const override {
    MIA_TRY_ASSIGN(const Json props, http.get("/props"));
    const auto build = get_string(props, "build_info");
    if (!build || !get_string(props, "model_path")) {
      return fail(ErrorKind::unsupported, "GET /props: no model_path and build_info");
    }
    return *build;
  }

  // It must have this very file.
  [[nodiscard]] Result<std::optional<double>> load(Http& http, const proto::Load& request) override {
    MIA_TRY_ASSIGN(const Json props, http.get("/props"));
    n_ctx_ = get_int(get_member(props, "default_generation_settings"), "n_ctx");
    const std::string has = get_string(props, "model_path").value_or("");
    std::error_code code;
    if (!std::filesystem::equivalent(has, request.model, code)) {
      return fail(ErrorKind::usage, "the server has loaded '{}', not '{}'", one_line(has), one_line(request.model));
    }
    return std::optional<double>();
  }

  [[nodiscard]] Result<record::LlmSettings> context(Http& /*http*/, const proto::MakeContext& request) override {
    const std::int64_t needed = request.settings.llm.n_ctx.value_or(request.n_ctx);
    if (needed > n_ctx_.value_or(needed)) {
      return fail(ErrorKind::usage,
                  "a context of {} tokens is needed, and the server runs with {}: start it with --ctx-size", needed,
                  *n_ctx_);
    }
    record::LlmSettings effective;
    effective.n_ctx = n_ctx_;
    return effective;
  }

  [[nodiscard]] Result<Question> question(Http& http, const proto::Generate& request) override {
    const record::WorkloadSettings& workload = request.settings.workload;
    const bool tokens = workload.input == "tokens";
    Json body = {{"n_predict", request.max_tokens},
                 {"stream", true},
                 {"cache_prompt", false},
                 {"return_tokens", true},
                 {"samplers", {"temperature"}},
                 {"seed", request.seed},
                 {"temperature", workload.temperature.value_or(0)},
                 {"ignore_eos", tokens || workload.ignore_eos.value_or(false)},
                 {"prompt", request.prompt}};
    if (tokens) {
      MIA_TRY_ASSIGN(body["prompt"], random_prompt(http, request));
    }
    return Question{"/completion", std::move(body)};
  }

  [[nodiscard]] Result<Json> probe(Http& http, const proto::Probe& request) override {
    if (request.what == "detokenize") {
      MIA_TRY_ASSIGN(const Json told, http.post("/detokenize", Json{{"tokens", get_member(request.arguments, "ids")}}));
      return Json{{"text", get_string(told, "content").value_or("")}};
    }
    if (request.what != "tokenize") {
      return Api::probe(http, request);
    }
    MIA_TRY_ASSIGN(const auto ids, tokenize(http, get_string(request.arguments, "text").value_or(""),
                                            get_bool(request.arguments, "special").value_or(true)));
    return Json{{"ids", ids}, {"count", ids.size()}};
  }

 private:
  // The model's beginning token first.
  static Result<std::vector<std::int64_t>> random_prompt(Http& http, const proto::Generate& request) {
    MIA_TRY_ASSIGN(const Json models, http.get("/v1/models"));
    const Json& list = get_member(models, "data");
    const auto size =
        list.is_array() && !list.empty() ? get_int(get_member(list.front(), "meta"), "n_vocab") : std::nullopt;
    if (size.value_or(0) <= 0) {
      return fail(ErrorKind::usage, "it does not tell how many tokens its model knows; take workload.input=text");
    }
    MIA_TRY_ASSIGN(const auto first, tokenize(http, "", true));
    std::vector<std::int64_t> prompt = random_tokens(request, *size);
    if (!prompt.empty() && !first.empty()) {
      prompt.front() = first.front();
    }
    return prompt;
  }

  std::optional<std::int64_t> n_ctx_;
};

}  // namespace

std::unique_ptr<Api> make_llama_api() {
  return std::make_unique<LlamaApi>();
}

}  // namespace mia::worker
