// SPDX-License-Identifier: MIT
#include "measure/workload.h"

#include <algorithm>

#include "base/files.h"
#include "base/json.h"
#include "base/text.h"

namespace mia::measure {
namespace {

constexpr std::int64_t kSpecialTokens = 8;  // begin of text and the like
constexpr std::size_t kMaxPromptBytes = std::size_t{4} << 20U;

// A bound on the tokens of a text without a tokenizer: no token is shorter than a byte.
std::int64_t prompt_bound(const proto::Generate& request) {
  return request.prompt.empty() ? request.prompt_tokens
                                : static_cast<std::int64_t>(request.prompt.size()) + kSpecialTokens;
}

}  // namespace

std::string_view built_in_prompt() {
  return "Once upon a time, in a quiet house at the edge of a small town, there was an old computer that had never "
         "written a story. One evening it began to think about all the people who had typed on its keys, and slowly, "
         "word by word, it started to tell what it remembered:";
}

Result<proto::Generate> make_request(const record::Settings& settings) {
  const record::WorkloadSettings& workload = settings.workload;
  proto::Generate request;
  request.settings = settings;
  request.max_tokens = workload.max_tokens.value_or(64);
  if (settings.llm.max_output_tokens) {
    request.max_tokens = std::min(request.max_tokens, *settings.llm.max_output_tokens);
  }
  request.seed = workload.seed.value_or(42);
  if (workload.input.value_or("text") == "tokens") {
    request.prompt_tokens = workload.prompt_tokens.value_or(64);
    return request;
  }
  if (workload.prompt && workload.prompt_file) {
    return fail(ErrorKind::usage, "workload.prompt and workload.prompt_file are both set; give one of them");
  }
  if (workload.prompt_file) {
    MIA_TRY_ASSIGN(request.prompt, context(read_file(*workload.prompt_file, kMaxPromptBytes), "workload.prompt_file"));
  } else {
    request.prompt = workload.prompt.value_or(std::string(built_in_prompt()));
  }
  if (trim(request.prompt).empty()) {
    return fail(ErrorKind::usage, "the prompt is empty; set workload.prompt or workload.prompt_file to some text");
  }
  return request;
}

std::int64_t context_bound(const proto::Generate& request) {
  return prompt_bound(request) + request.max_tokens;
}

client::Answer<std::int64_t> context_needed(client::Worker& worker, const proto::Generate& request, double limit_s) {
  client::Answer<std::int64_t> needed;
  needed.value = context_bound(request);
  if (request.prompt.empty()) {
    return needed;
  }
  const auto told = worker.probe({"tokenize", Json{{"text", request.prompt}}}, limit_s);
  if (!told.ok() && !worker.alive()) {
    needed.value.reset();
    needed.outcome = told.outcome;
  } else if (const auto count = told.ok() ? get_int(told.value->result, "count") : std::nullopt) {
    needed.value = *count + request.max_tokens;
  }
  return needed;
}

}  // namespace mia::measure
