// SPDX-License-Identifier: MIT
#include "worker/server/api.h"

#include <array>
#include <random>

#include "base/clock.h"
#include "base/text.h"

namespace mia::worker {
namespace {

constexpr std::array<std::string_view, 3> kApis = {"llama-server", "ollama", "openai"};  // in the order of asking

}  // namespace

Result<Json> Api::probe(Http& /*http*/, const proto::Probe& request) {
  return fail(ErrorKind::usage, "this server has no probe '{}'", one_line(request.what, 80));
}

std::unique_ptr<Api> make_api(std::string_view name) {
  return name == kApis[0]   ? make_llama_api()
         : name == kApis[1] ? make_ollama_api()
         : name == kApis[2] ? make_openai_api()
                            : nullptr;
}

Result<Json> recognise(Http& http, const std::string& wanted) {
  std::vector<std::string> why;
  for (const std::string_view name : kApis) {
    if (!wanted.empty() && wanted != name) {
      continue;
    }
    const auto version = make_api(name)->recognise(http);
    if (version) {
      return Json{{"api", name}, {"version", *version}};
    }
    if (version.error().kind == ErrorKind::not_found) {
      return version.failure();
    }
    why.push_back(version.error().text());
  }
  return fail(ErrorKind::unsupported, "{}", join(why, "; "));
}

Result<record::Run> ask(Api& api, Http& http, const proto::Generate& request) {
  const record::WorkloadSettings& workload = request.settings.workload;
  if (!workload.sample.value_or(true) || !workload.wait.value_or(true)) {
    return fail(ErrorKind::usage,
                "a server chooses and sends each token itself: workload.sample and workload.wait must be true");
  }
  MIA_TRY_ASSIGN(const Question question, api.question(http, request));
  Reception reception(api.dialect(), steady_ns(), request.max_tokens);
  const Status sent = http.stream(question.path, question.body,
                                  [&](std::string_view bytes, std::int64_t now) { return reception.take(bytes, now); });
  if (!sent && !reception.is_broken()) {
    return sent.failure();
  }
  MIA_TRY_ASSIGN(record::Run run, reception.finish());
  MIA_TRY(api.accept(reception.whole()));
  const bool tokens = workload.input == "tokens";
  if (tokens && run.prompt_tokens != request.prompt_tokens) {
    return fail(ErrorKind::protocol, "the server read {} tokens of the {} that it was sent", run.prompt_tokens,
                request.prompt_tokens);
  }
  run.input = tokens ? "tokens" : "text";
  if (tokens) {
    run.text.reset();
    run.words_out.reset();
  }
  return run;
}

std::string nonce() {
  std::random_device random;
  return fmt::format("{:08x} ", random());
}

std::vector<std::int64_t> random_tokens(const proto::Generate& request, std::int64_t vocabulary, bool unseen) {
  constexpr std::size_t kUnseen = 4;
  std::random_device other;
  std::mt19937_64 random(static_cast<std::uint64_t>(request.seed));
  std::vector<std::int64_t> tokens(static_cast<std::size_t>(request.prompt_tokens));
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const std::uint64_t drawn = unseen && i < kUnseen ? other() : random();
    tokens[i] = static_cast<std::int64_t>(drawn % static_cast<std::uint64_t>(vocabulary));
  }
  return tokens;
}

}  // namespace mia::worker
