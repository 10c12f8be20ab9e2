// SPDX-License-Identifier: MIT
// Messages between the coordinator and a worker, protocol version 1 (docs/worker-protocol.md). One JSON object a line:
// {"type": "load", "id": 3, ...}; a reply carries the id of its request. The greeting has id 0.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/result.h"
#include "record/machine.h"
#include "record/outcome.h"
#include "record/settings.h"
#include "record/trial.h"

namespace mia::proto {

inline constexpr int kVersion = 1;
// Longest line and deepest nesting that either side accepts.
inline constexpr std::size_t kMaxLine = std::size_t{8} << 20U;
inline constexpr int kMaxNesting = 32;

// --- requests -------------------------------------------------------------------------------------------------------
struct Load {
  std::string model;          // path of the GGUF file
  record::Settings settings;  // requested; the worker uses settings.llm
  std::int64_t n_ctx = 0;     // tokens that the context will hold, for a runtime that makes it with the load; 0: unsaid
};
struct MakeContext {
  record::Settings settings;
  std::int64_t n_ctx = 0;  // tokens needed; settings.llm.n_ctx wins when set
};
// One prompt + decode pass; settings.workload says which. `prompt` is the resolved text (text mode).
struct Generate {
  record::Settings settings;
  std::string prompt;
  std::int64_t max_tokens = 0;
  std::int64_t prompt_tokens = 0;  // tokens mode
  std::int64_t seed = 0;           // of this run's random tokens
};
// The same pass until steady: the medians of the last 3 runs within 2 %, at least 2 runs, at most `max_runs` or 20 s.
struct WarmUp {
  Generate generate;
  std::int64_t max_runs = 10;
};
// Something else a worker can tell: "logits" (perplexity and divergence), "graph" (operations and their backends),
// "bandwidth" ... `arguments` and the result are documented per name.
struct Probe {
  std::string what;
  Json arguments;
};
struct Unload {};
struct Shutdown {};
using Request = std::variant<Load, MakeContext, Generate, WarmUp, Probe, Unload, Shutdown>;

// The phase of a trial that a request opens.
[[nodiscard]] record::Phase phase_of(const Request& request);

// --- replies --------------------------------------------------------------------------------------------------------
// Of another protocol version only the number is read: `runtime` stays empty.
struct Greeting {
  int protocol = kVersion;
  record::RuntimeInfo runtime;  // provider, version, commit, build_flags, backends, devices, capabilities
};
struct ModelLoaded {
  std::optional<double> load_ms;
  std::vector<record::BufferSize> buffers;
  std::map<std::string, std::string> facts;
};
struct ContextReady {
  record::Settings effective;  // only what the runtime reports
  double create_ms = 0;
  std::vector<record::BufferSize> buffers;
  std::map<std::string, std::string> facts;
};
struct Generated {
  record::Run run;
};
struct WarmedUp {
  bool steady = false;
  std::vector<record::Run> runs;  // all with warm_up = true
};
struct Probed {
  Json result;
};
struct Unloaded {};
struct Bye {};
// The worker lives, but the request failed.
struct Failed {
  record::Outcome outcome;  // out_of_memory, refused or invalid
};
using Reply = std::variant<Greeting, ModelLoaded, ContextReady, Generated, WarmedUp, Probed, Unloaded, Bye, Failed>;

// A line without its newline. Invalid UTF-8 in texts is replaced by U+FFFD.
[[nodiscard]] std::string encode(std::int64_t id, const Request& request);
[[nodiscard]] std::string encode(std::int64_t id, const Reply& reply);

struct IncomingRequest {
  std::int64_t id = 0;
  Request request;
};
struct IncomingReply {
  std::int64_t id = 0;
  Reply reply;
};
// Error kind protocol: too long, too deep, not JSON, no type, unknown type, a member of a wrong type, values out of
// bounds, stamps that go back. Unknown members are ignored.
[[nodiscard]] Result<IncomingRequest> decode_request(std::string_view line);
[[nodiscard]] Result<IncomingReply> decode_reply(std::string_view line);

}  // namespace mia::proto
