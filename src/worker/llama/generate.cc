// SPDX-License-Identifier: MIT
// Timed like llama-bench: synchronized before every stamp, the pieces of the prompt as large as n_batch, the cache
// cleared before the run, random tokens drawn beforehand. N output tokens are the prefill and N - 1 decodes.
#include "worker/llama/generate.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>

#include "base/clock.h"
#include "base/text.h"
#include "worker/inject.h"
#include "worker/llama/handles.h"
#include "worker/llama/tokens.h"
#include "worker/usage.h"

namespace mia::worker {
namespace {

constexpr std::size_t kMaxText = std::size_t{256} << 10U;

// Everything that a run needs, allocated before its clock starts.
struct Pass {
  llama_context* context;
  const llama_vocab* vocab;
  std::int64_t max_tokens;
  Tokens prompt;
  record::Run run;
  std::optional<Injector> injector;
  int code = 0;  // of llama_decode, when it failed
};

int decode(Pass& pass, std::span<llama_token> tokens) {
  pass.code = llama_decode(pass.context, llama_batch_get_one(tokens.data(), static_cast<std::int32_t>(tokens.size())));
  return pass.code;
}

bool prefill(Pass& pass) {
  const std::size_t piece = llama_n_batch(pass.context);
  std::span<llama_token> rest(pass.prompt);
  while (!rest.empty()) {
    const std::size_t length = std::min(piece, rest.size());
    if (decode(pass, rest.first(length)) != 0) {
      return false;
    }
    rest = rest.subspan(length);
  }
  llama_synchronize(pass.context);
  return true;
}

std::optional<std::string> does_not_fit(const Pass& pass) {
  if (pass.prompt.empty()) {
    return "the prompt has no tokens";
  }
  const auto prompt = static_cast<std::int64_t>(pass.prompt.size());
  const auto n_ctx = static_cast<std::int64_t>(llama_n_ctx(pass.context));
  if (prompt + pass.max_tokens - 1 <= n_ctx) {
    return std::nullopt;
  }
  return fmt::format("a prompt of {} tokens and {} new ones do not fit into n_ctx = {}; raise n_ctx or shorten them",
                     prompt, pass.max_tokens, n_ctx);
}

// Index of the first largest value. Lanes of their own let the compiler use wide registers, as the search runs once per
// token over the whole vocabulary.
llama_token argmax(const float* values, std::size_t count) {
  constexpr std::size_t kLanes = 16;
  std::array<float, kLanes> most{};
  most.fill(values[0]);
  std::size_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      most[lane] = values[i + lane] > most[lane] ? values[i + lane] : most[lane];
    }
  }
  float best = *std::ranges::max_element(most);
  for (; i < count; ++i) {
    best = std::max(best, values[i]);
  }
  const float* const at = std::find(values, values + count, best);
  return at == values + count ? 0 : static_cast<llama_token>(at - values);
}

SamplerPtr make_sampler(const record::WorkloadSettings& workload, std::int64_t seed) {
  const double temperature = workload.temperature.value_or(0);
  if (temperature <= 0) {
    return nullptr;
  }
  SamplerPtr sampler(llama_sampler_chain_init(llama_sampler_chain_default_params()));
  llama_sampler_chain_add(sampler.get(), llama_sampler_init_temp(static_cast<float>(temperature)));
  llama_sampler_chain_add(sampler.get(), llama_sampler_init_dist(static_cast<std::uint32_t>(seed)));
  return sampler;
}

// The loop without choosing: `feed` holds the tokens to decode, one for each output. Without `wait` the device works
// through a queue, and only the last stamp is taken after all of it.
Step run_tokens(Pass& pass, std::int64_t begin, Tokens& feed, bool wait) {
  const auto count = static_cast<std::int64_t>(feed.size());
  std::size_t next = 0;
  return measure_injected(pass.injector, begin, count, pass.run.token_ns, [&] {
    // The first output token is the prompt's own last position.
    if (next > 0 && decode(pass, std::span(feed).subspan(next - 1, 1)) != 0) {
      return Step::failed;
    }
    ++next;
    if (wait || next == feed.size()) {
      llama_synchronize(pass.context);
    }
    return Step::token;
  });
}

// The text of one token, as a chat shows it at once; `text` has its room beforehand.
void append_piece(const Pass& pass, llama_token token, std::string& text) {
  std::array<char, 256> piece{};
  const auto length =
      llama_token_to_piece(pass.vocab, token, piece.data(), static_cast<std::int32_t>(piece.size()), 0, false);
  text.append(piece.data(), static_cast<std::size_t>(std::max(length, 0)));
}

struct TextLoop {
  llama_sampler* sampler = nullptr;  // null: the likeliest token
  bool ignore_eos = false;
  bool stream = false;
};

Step run_text(Pass& pass, std::int64_t begin, Tokens& out, const TextLoop& loop) {
  const auto size = static_cast<std::size_t>(llama_vocab_n_tokens(pass.vocab));
  std::string streamed;
  streamed.reserve(loop.stream ? static_cast<std::size_t>(pass.max_tokens) * 8 : 0);
  return measure_injected(pass.injector, begin, pass.max_tokens, pass.run.token_ns, [&] {
    if (!out.empty() && decode(pass, std::span(out).last(1)) != 0) {
      return Step::failed;
    }
    const llama_token token = loop.sampler != nullptr ? llama_sampler_sample(loop.sampler, pass.context, -1)
                                                      : argmax(llama_get_logits_ith(pass.context, -1), size);
    if (!loop.ignore_eos && llama_vocab_is_eog(pass.vocab, token)) {
      return Step::end_of_text;
    }
    out.push_back(token);
    if (loop.stream) {
      append_piece(pass, token, streamed);
    }
    return Step::token;
  });
}

// Times the prefill and then hands over to `tokens`, the loop of the input mode.
template <class Loop>
Step timed(Pass& pass, const Usage& before, Loop tokens) {
  const std::int64_t start = steady_ns();
  if (!prefill(pass)) {
    return Step::failed;
  }
  if (pass.injector) {
    pass.injector->stretch(start);
  }
  pass.run.prefill_ns = steady_ns() - start;
  const Step step = tokens();
  add_usage(pass.run, before, usage_now());
  pass.run.tokens_out = static_cast<std::int64_t>(pass.run.token_ns.size());
  pass.run.stop_reason = step == Step::end_of_text ? "end_of_text" : "length";
  pass.run.prompt_tokens = static_cast<std::int64_t>(pass.prompt.size());
  return step;
}

proto::Reply finish(Pass& pass, Step step, const LogBook& logs) {
  if (step == Step::failed) {
    return failure_from(logs, fmt::format("llama_decode failed with code {}", pass.code));
  }
  return proto::Generated{std::move(pass.run)};
}

proto::Reply generate_tokens(Pass& pass, const proto::Generate& request, const LogBook& logs) {
  const auto seed = static_cast<std::uint64_t>(request.seed);
  pass.prompt = random_tokens(pass.vocab, request.prompt_tokens, seed);
  Tokens feed = random_tokens(pass.vocab, request.max_tokens, seed + 1);
  if (const auto reason = does_not_fit(pass)) {
    return refused(*reason);
  }
  const bool wait = request.settings.workload.wait.value_or(true);
  const Usage before = usage_now();
  const std::int64_t begin = steady_ns();
  const Step step = timed(pass, before, [&] { return run_tokens(pass, begin, feed, wait); });
  return finish(pass, step, logs);
}

// `feed`: the tokens that an earlier run chose; empty: they are chosen here, into `feed`.
proto::Reply generate_text(Pass& pass, const proto::Generate& request, Tokens& feed, const LogBook& logs) {
  const record::WorkloadSettings& workload = request.settings.workload;
  const SamplerPtr sampler = make_sampler(workload, request.seed);
  const TextLoop loop{sampler.get(), workload.ignore_eos.value_or(false), workload.stream.value_or(false)};
  const bool chooses = feed.empty();
  const bool wait = workload.wait.value_or(true);
  feed.reserve(static_cast<std::size_t>(request.max_tokens));
  const Usage before = usage_now();
  const std::int64_t begin = steady_ns();
  auto prompt = tokenize(pass.vocab, request.prompt, true);
  pass.run.tokenize_ns = steady_ns() - begin;
  if (!prompt) {
    return refused(prompt.error().text());
  }
  pass.prompt = std::move(*prompt);
  if (const auto reason = does_not_fit(pass)) {
    return refused(*reason);
  }
  const Step step = timed(
      pass, before, [&] { return chooses ? run_text(pass, begin, feed, loop) : run_tokens(pass, begin, feed, wait); });
  const std::string text = detokenize(pass.vocab, feed);
  pass.run.words_out = count_words(text);
  pass.run.text = printable(text, kMaxText);
  return finish(pass, step, logs);
}

Pass start(llama_context* context, const proto::Generate& request) {
  Pass pass{context, llama_model_get_vocab(llama_get_model(context)), request.max_tokens, {}, {}, {}, 0};
  pass.run.input = request.settings.workload.input.value_or("text");
  pass.run.token_ns = touched_stamps(request.max_tokens);
  pass.injector = Injector::make(request.settings.workload, request.max_tokens, request.seed);
  llama_memory_clear(llama_get_memory(context), false);
  return pass;
}

// What decides which tokens are chosen.
std::string choice_key(const proto::Generate& request) {
  const record::WorkloadSettings& workload = request.settings.workload;
  return fmt::format("{} {} {} {} {}", request.max_tokens, request.seed, workload.temperature.value_or(0),
                     workload.ignore_eos.value_or(false), request.prompt);
}

// Fills `chosen` by an untimed run unless it holds what this request would choose already.
std::optional<proto::Reply> choose(llama_context* context, const proto::Generate& request, Chosen& chosen,
                                   const LogBook& logs) {
  if (const std::string key = choice_key(request); chosen.key != key) {
    chosen = {};
    Pass pass = start(context, request);
    proto::Reply reply = generate_text(pass, request, chosen.tokens, logs);
    if (!std::holds_alternative<proto::Generated>(reply)) {
      return reply;
    }
    chosen.key = key;
  }
  return std::nullopt;
}

}  // namespace

proto::Failed failure_from(const LogBook& logs, std::string_view what) {
  const std::string cause = logs.failure();
  const std::string reason = cause.empty() ? std::string(what) : fmt::format("{}: {}", what, cause);
  return logs.says_out_of_memory() ? out_of_memory(reason) : refused(reason);
}

proto::Reply generate(llama_context* context, const proto::Generate& request, Chosen& chosen, LogBook& logs) {
  logs.start_phase();
  if (request.settings.workload.input == "tokens") {
    Pass pass = start(context, request);
    return generate_tokens(pass, request, logs);
  }
  if (request.settings.workload.sample.value_or(true)) {
    Pass pass = start(context, request);
    Tokens tokens;
    return generate_text(pass, request, tokens, logs);
  }
  if (auto failure = choose(context, request, chosen, logs)) {
    return std::move(*failure);
  }
  Pass pass = start(context, request);
  Tokens feed = chosen.tokens;
  return generate_text(pass, request, feed, logs);
}

}  // namespace mia::worker
