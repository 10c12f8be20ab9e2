// SPDX-License-Identifier: MIT
// The answer to a prompt as it comes in: a stamp for every token, and what the server says of itself at the end.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/result.h"
#include "record/trial.h"
#include "worker/server/events.h"
#include "worker/server/http.h"

namespace mia::worker {

// What one event of a stream says, or all of them together. Absent: it does not say.
struct Heard {
  std::string text;
  std::optional<std::int64_t> so_far;  // tokens up to here, where each event counts them
  std::string stop;                    // "length", "end_of_text", or the server's own word
  std::optional<std::int64_t> tokens;  // of the whole answer
  std::optional<std::int64_t> prompt_tokens;
  std::optional<std::int64_t> cached;  // tokens of the prompt that were not computed
  std::optional<double> prompt_ms;
  std::optional<double> load_ms;
};

// How an API writes its streams.
struct Dialect {
  Framing framing = Framing::events;
  std::string_view end;  // an event that is no JSON and ends the stream; "" none
  bool counts_each = false;
  Heard (*hear)(const Json& event) = nullptr;
};

class Reception {
 public:
  Reception(const Dialect& dialect, std::int64_t begin_ns, std::int64_t max_tokens);

  // For Http::stream: false once the stream is not what was asked for.
  [[nodiscard]] bool take(std::string_view bytes, std::int64_t now_ns);

  [[nodiscard]] bool is_broken() const { return !status_.has_value(); }
  [[nodiscard]] const Heard& whole() const { return whole_; }

  // The run as the server and the stamps tell it. Tokens are counted by the server, never by words; several in one
  // chunk share its stamp. Where only the end tells how many there were, those that have no chunk of their own are
  // spread evenly. An error where the stream broke off, or contradicts itself.
  [[nodiscard]] Result<record::Run> finish();

 private:
  [[nodiscard]] Status take_event(const std::string& text, std::int64_t now_ns);
  [[nodiscard]] Status count(const Heard& heard, std::int64_t now_ns);
  [[nodiscard]] Status spread();
  [[nodiscard]] Status check() const;

  Dialect dialect_;
  std::int64_t begin_ns_;
  std::int64_t max_tokens_;
  EventReader events_;
  record::Run run_;
  std::int64_t chunks_ = 0;
  Heard whole_;
  Status status_;
};

}  // namespace mia::worker
