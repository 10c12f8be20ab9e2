// SPDX-License-Identifier: MIT
// The answer of a /completion as it comes in: a stamp for every token, and what the server says of itself at the end.
#pragma once

#include <cstdint>
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

class Reception {
 public:
  Reception(std::int64_t begin_ns, std::int64_t max_tokens);

  // For Http::stream: false once the stream is not what was asked for.
  [[nodiscard]] bool take(std::string_view bytes, std::int64_t now_ns);

  [[nodiscard]] bool is_broken() const { return !status_.has_value(); }

  // The run as the server and the stamps tell it. Tokens are counted by the server's own count in each chunk, never by
  // words; several in one chunk share its stamp. An error where the stream broke off, or contradicts itself.
  [[nodiscard]] Result<record::Run> finish();

 private:
  [[nodiscard]] Status take_event(const std::string& text, std::int64_t now_ns);
  [[nodiscard]] Status check(const Json& timings) const;

  std::int64_t begin_ns_;
  std::int64_t max_tokens_;
  EventReader events_{kMostAnswer};
  record::Run run_;
  std::int64_t chunks_ = 0;
  Json last_;  // the event that ended the stream; null before
  Status status_;
};

}  // namespace mia::worker
