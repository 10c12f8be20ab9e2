// SPDX-License-Identifier: MIT
// The APIs that servers speak: what they are asked, and how their answers are understood. Sources: llama.cpp's
// tools/server/README.md; platform.openai.com/docs/api-reference/completions; docs.ollama.com/api.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "proto/message.h"
#include "record/machine.h"
#include "worker/server/http.h"
#include "worker/server/reception.h"

namespace mia::worker {

// A request that is answered by a stream.
struct Question {
  std::string path;
  Json body;
};

// Errors as those of Http; kind usage: what was asked cannot be asked of this API.
class Api {
 public:
  Api() = default;
  Api(const Api&) = delete;
  Api& operator=(const Api&) = delete;
  virtual ~Api() = default;

  [[nodiscard]] virtual const Dialect& dialect() const = 0;
  // What it is and can, of a server that runs already.
  virtual void describe(record::RuntimeInfo& runtime) const = 0;
  // The version of a server that speaks this API, "" where it tells none. An error: it does not speak it.
  [[nodiscard]] virtual Result<std::string> recognise(Http& http) const = 0;
  // The server has the model. How long that took in ms, where it can be told to load.
  [[nodiscard]] virtual Result<std::optional<double>> load(Http& http, const proto::Load& request) = 0;
  // What it made of the settings.
  [[nodiscard]] virtual Result<record::LlmSettings> context(Http& http, const proto::MakeContext& request) = 0;
  [[nodiscard]] virtual Result<Question> question(Http& http, const proto::Generate& request) = 0;
  // What the stream said must be what was meant to be measured.
  [[nodiscard]] virtual Status accept(const Heard& /*whole*/) const { return {}; }
  [[nodiscard]] virtual Result<Json> probe(Http& http, const proto::Probe& request);
};

[[nodiscard]] std::unique_ptr<Api> make_llama_api();
[[nodiscard]] std::unique_ptr<Api> make_openai_api();
[[nodiscard]] std::unique_ptr<Api> make_ollama_api();
// By the name that --api takes: "llama-server", "openai" or "ollama"; else nullptr.
[[nodiscard]] std::unique_ptr<Api> make_api(std::string_view name);

// {"api", "version"} of what answers; `wanted`: that API alone, "" the first that it speaks.
[[nodiscard]] Result<Json> recognise(Http& http, const std::string& wanted);

// One run, streamed.
[[nodiscard]] Result<record::Run> ask(Api& api, Http& http, const proto::Generate& request);

// Begins a prompt that no cache has seen: 9 bytes.
[[nodiscard]] std::string nonce();
// As the worker of a libllama draws them, below `vocabulary`; `unseen`: the first ones are others each time, as a
// nonce.
[[nodiscard]] std::vector<std::int64_t> random_tokens(const proto::Generate& request, std::int64_t vocabulary,
                                                      bool unseen = false);

}  // namespace mia::worker
