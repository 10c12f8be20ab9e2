// SPDX-License-Identifier: MIT
// Reading is strict: whatever is not exactly a message is an error that says what is wrong, because the other side is a
// process that may have gone mad (or be of another version). Only unknown members are let pass, for newer peers.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "proto/message.h"
#include "record/fields.h"

namespace mia::proto {
namespace {

// Whole numbers that a JSON reader with doubles (Python's aside) still holds exactly.
constexpr std::int64_t kMaxInt = std::int64_t{1} << 53;
constexpr std::int64_t kMaxTokens = 1'000'000;
constexpr std::int64_t kMaxContext = std::int64_t{16} << 20;
constexpr std::int64_t kMaxRuns = 1000;
constexpr std::size_t kMaxNameLength = 128;

struct Range {
  std::int64_t least;
  std::int64_t most;
};

Failure violation(std::string_view key, std::string_view what) {
  return fail(ErrorKind::protocol, "'{}' {}", key, what);
}

Result<std::int64_t> need_int(const Json& json, std::string_view key, Range range) {
  const auto value = get_int(json, key);
  if (!value) {
    return violation(key, "is missing or not a whole number");
  }
  if (*value < range.least || *value > range.most) {
    return fail(ErrorKind::protocol, "'{}' is {}, outside {} to {}", key, *value, range.least, range.most);
  }
  return *value;
}

// A duration in milliseconds: finite and not negative.
Result<double> need_ms(const Json& json, std::string_view key) {
  const auto value = get_double(json, key);
  if (!value || !std::isfinite(*value) || *value < 0) {
    return violation(key, "is missing or not a duration");
  }
  return *value;
}

Result<std::string> need_string(const Json& json, std::string_view key) {
  auto value = get_string(json, key);
  if (!value) {
    return violation(key, "is missing or not a text");
  }
  return std::move(*value);
}

Result<bool> need_bool(const Json& json, std::string_view key) {
  const auto value = get_bool(json, key);
  if (!value) {
    return violation(key, "is missing or not true or false");
  }
  return *value;
}

Result<const Json*> need_object(const Json& json, std::string_view key) {
  const auto at = json.find(key);
  if (at == json.end() || !at->is_object()) {
    return violation(key, "is missing or not an object");
  }
  return &*at;
}

// An absent list is empty.
Result<const Json*> optional_list(const Json& json, std::string_view key) {
  static const Json kEmpty = Json::array();
  const auto at = json.find(key);
  if (at == json.end()) {
    return &kEmpty;
  }
  if (!at->is_array()) {
    return violation(key, "is not a list");
  }
  return &*at;
}

Result<record::Settings> need_settings(const Json& json, std::string_view key) {
  MIA_TRY_ASSIGN(const Json* const object, need_object(json, key));
  auto settings = record::settings_from_json(*object);
  if (!settings) {
    return fail(ErrorKind::protocol, "{}: {}", key, settings.error().message);
  }
  return settings;
}

Result<Generate> read_generate(const Json& json) {
  Generate generate;
  MIA_TRY_ASSIGN(generate.settings, need_settings(json, "settings"));
  MIA_TRY_ASSIGN(generate.prompt, need_string(json, "prompt"));
  MIA_TRY_ASSIGN(generate.max_tokens, need_int(json, "max_tokens", {1, kMaxTokens}));
  MIA_TRY_ASSIGN(generate.prompt_tokens, need_int(json, "prompt_tokens", {0, kMaxTokens}));
  MIA_TRY_ASSIGN(generate.seed, need_int(json, "seed", {0, kMaxInt}));
  return generate;
}

Result<Request> read_load(const Json& json) {
  Load load;
  const Json& bytes = get_member(json, "model");
  if (bytes.is_array()) {
    for (const Json& byte : bytes) {
      if (!byte.is_number_unsigned() || byte.get<std::uint64_t>() > 255) {
        return violation("model", "is not a list of bytes");
      }
      load.model += static_cast<char>(byte.get<std::uint8_t>());
    }
  } else {
    MIA_TRY_ASSIGN(load.model, need_string(json, "model"));
  }
  if (load.model.empty() || load.model.find('\0') != std::string::npos) {
    return violation("model", "is not a path");
  }
  MIA_TRY_ASSIGN(load.settings, need_settings(json, "settings"));
  if (json.contains("n_ctx")) {
    MIA_TRY_ASSIGN(load.n_ctx, need_int(json, "n_ctx", {0, kMaxContext}));
  }
  return Request(std::move(load));
}

Result<Request> read_context(const Json& json) {
  MakeContext make;
  MIA_TRY_ASSIGN(make.settings, need_settings(json, "settings"));
  MIA_TRY_ASSIGN(make.n_ctx, need_int(json, "n_ctx", {0, kMaxContext}));
  return Request(std::move(make));
}

Result<Request> read_generate_request(const Json& json) {
  MIA_TRY_ASSIGN(Generate generate, read_generate(json));
  return Request(std::move(generate));
}

Result<Request> read_warm_up(const Json& json) {
  WarmUp warm_up;
  MIA_TRY_ASSIGN(warm_up.generate, read_generate(json));
  MIA_TRY_ASSIGN(warm_up.max_runs, need_int(json, "max_runs", {1, kMaxRuns}));
  return Request(std::move(warm_up));
}

Result<Request> read_probe(const Json& json) {
  Probe probe;
  MIA_TRY_ASSIGN(probe.what, need_string(json, "what"));
  if (probe.what.size() > kMaxNameLength) {
    return violation("what", "is too long");
  }
  MIA_TRY_ASSIGN(const Json* const arguments, need_object(json, "arguments"));
  probe.arguments = *arguments;
  return Request(std::move(probe));
}

Result<std::vector<record::BufferSize>> read_buffers(const Json& json) {
  MIA_TRY_ASSIGN(const Json* const list, optional_list(json, "buffers"));
  std::vector<record::BufferSize> buffers;
  for (const Json& item : *list) {
    record::BufferSize& buffer = buffers.emplace_back();
    MIA_TRY_ASSIGN(buffer.device, need_string(item, "device"));
    MIA_TRY_ASSIGN(buffer.kind, need_string(item, "kind"));
    MIA_TRY_ASSIGN(buffer.bytes, need_int(item, "bytes", {0, kMaxInt}));
  }
  return buffers;
}

Result<std::map<std::string, std::string>> read_facts(const Json& json) {
  std::map<std::string, std::string> facts;
  const auto at = json.find("facts");
  if (at == json.end()) {
    return facts;
  }
  if (!at->is_object()) {
    return violation("facts", "is not an object");
  }
  for (const auto& [key, value] : at->items()) {
    if (!value.is_string()) {
      return violation("facts", "holds something that is not a text");
    }
    facts.emplace(key, value.get<std::string>());
  }
  return facts;
}

Result<record::Run> read_run(const Json& json) {
  MIA_TRY_ASSIGN(record::Run run, record::run_from_json(json));
  if (!std::ranges::is_sorted(run.token_ns) || (!run.token_ns.empty() && run.token_ns.front() < 0)) {
    return violation("token_ns", "goes back in time");
  }
  if (run.prefill_ns < 0 || run.prompt_tokens < 0 || run.tokenize_ns.value_or(0) < 0) {
    return fail(ErrorKind::protocol, "a run has a negative duration or count");
  }
  if (run.input != "text" && run.input != "tokens") {
    return fail(ErrorKind::protocol, "a run's 'input' is '{}', not text or tokens", one_line(run.input, 40));
  }
  return run;
}

Result<Reply> read_greeting(const Json& json) {
  Greeting greeting;
  MIA_TRY_ASSIGN(const std::int64_t protocol, need_int(json, "protocol", {0, std::numeric_limits<int>::max()}));
  greeting.protocol = static_cast<int>(protocol);
  if (greeting.protocol == kVersion) {
    MIA_TRY_ASSIGN(const Json* const runtime, need_object(json, "runtime"));
    MIA_TRY_ASSIGN(greeting.runtime, record::runtime_from_json(*runtime));
  }
  return Reply(std::move(greeting));
}

Result<Reply> read_model_loaded(const Json& json) {
  ModelLoaded loaded;
  if (const auto at = json.find("load_ms"); at != json.end() && !at->is_null()) {
    MIA_TRY_ASSIGN(loaded.load_ms, need_ms(json, "load_ms"));
  }
  MIA_TRY_ASSIGN(loaded.buffers, read_buffers(json));
  MIA_TRY_ASSIGN(loaded.facts, read_facts(json));
  return Reply(std::move(loaded));
}

Result<Reply> read_context_ready(const Json& json) {
  ContextReady ready;
  MIA_TRY_ASSIGN(ready.effective, need_settings(json, "effective"));
  MIA_TRY_ASSIGN(ready.create_ms, need_ms(json, "create_ms"));
  MIA_TRY_ASSIGN(ready.buffers, read_buffers(json));
  MIA_TRY_ASSIGN(ready.facts, read_facts(json));
  return Reply(std::move(ready));
}

Result<Reply> read_generated(const Json& json) {
  MIA_TRY_ASSIGN(const Json* const object, need_object(json, "run"));
  MIA_TRY_ASSIGN(record::Run run, read_run(*object));
  return Reply(Generated{std::move(run)});
}

Result<Reply> read_warmed_up(const Json& json) {
  WarmedUp warmed;
  MIA_TRY_ASSIGN(warmed.steady, need_bool(json, "steady"));
  MIA_TRY_ASSIGN(const Json* const list, optional_list(json, "runs"));
  for (const Json& item : *list) {
    MIA_TRY_ASSIGN(record::Run run, read_run(item));
    if (!run.warm_up) {
      return violation("runs", "holds one that is not marked as warm-up");
    }
    warmed.runs.push_back(std::move(run));
  }
  return Reply(std::move(warmed));
}

Result<Reply> read_probed(const Json& json) {
  MIA_TRY_ASSIGN(const Json* const result, need_object(json, "result"));
  return Reply(Probed{*result});
}

Result<Reply> read_failed(const Json& json) {
  MIA_TRY_ASSIGN(const Json* const object, need_object(json, "outcome"));
  MIA_TRY_ASSIGN(record::Outcome outcome, record::outcome_from_json(*object));
  using Kind = record::OutcomeKind;
  if (outcome.kind != Kind::out_of_memory && outcome.kind != Kind::refused && outcome.kind != Kind::invalid) {
    return fail(ErrorKind::protocol, "a living worker cannot report the outcome '{}'", record::name_of(outcome.kind));
  }
  return Reply(Failed{std::move(outcome)});
}

template <class Message>
struct Row {
  std::string_view type;
  Result<Message> (*read)(const Json&);
};

constexpr std::array<Row<Request>, 7> kRequests{{
    {"load", read_load},
    {"context", read_context},
    {"generate", read_generate_request},
    {"warm_up", read_warm_up},
    {"probe", read_probe},
    {"unload", [](const Json&) -> Result<Request> { return Request(Unload{}); }},
    {"shutdown", [](const Json&) -> Result<Request> { return Request(Shutdown{}); }},
}};

constexpr std::array<Row<Reply>, 9> kReplies{{
    {"greeting", read_greeting},
    {"model_loaded", read_model_loaded},
    {"context_ready", read_context_ready},
    {"generated", read_generated},
    {"warmed_up", read_warmed_up},
    {"probed", read_probed},
    {"unloaded", [](const Json&) -> Result<Reply> { return Reply(Unloaded{}); }},
    {"bye", [](const Json&) -> Result<Reply> { return Reply(Bye{}); }},
    {"failed", read_failed},
}};

// Checked once for the whole tree, so that no reader below can wrap a number around. Depth is bounded by the parser.
bool numbers_fit(const Json& json) {
  if (json.is_structured()) {
    return std::ranges::all_of(json, numbers_fit);
  }
  return !json.is_number_unsigned() ||
         json.get<std::uint64_t>() <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
}

template <class Message, std::size_t kRows>
Result<std::pair<std::int64_t, Message>> decode(std::string_view line, const std::array<Row<Message>, kRows>& rows) {
  MIA_TRY_ASSIGN(const Json json, parse_json(line, {kMaxLine, kMaxNesting}));
  if (!json.is_object()) {
    return fail(ErrorKind::protocol, "a message is not an object");
  }
  if (!numbers_fit(json)) {
    return fail(ErrorKind::protocol, "a message holds a number beyond 64 bits");
  }
  MIA_TRY_ASSIGN(const std::string type, need_string(json, "type"));
  const auto* const row = std::ranges::find(rows, std::string_view(type), &Row<Message>::type);
  if (row == rows.end()) {
    return fail(ErrorKind::protocol, "unknown message type '{}'", one_line(type, 80));
  }
  MIA_TRY_ASSIGN(const std::int64_t id, context(need_int(json, "id", {0, kMaxInt}), type));
  MIA_TRY_ASSIGN(Message message, context(row->read(json), type));
  return std::pair(id, std::move(message));
}

}  // namespace

Result<IncomingRequest> decode_request(std::string_view line) {
  MIA_TRY_ASSIGN(auto decoded, decode(line, kRequests));
  return IncomingRequest{decoded.first, std::move(decoded.second)};
}

Result<IncomingReply> decode_reply(std::string_view line) {
  MIA_TRY_ASSIGN(auto decoded, decode(line, kReplies));
  return IncomingReply{decoded.first, std::move(decoded.second)};
}

}  // namespace mia::proto
