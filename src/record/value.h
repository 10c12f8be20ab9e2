// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include "base/json.h"

namespace mia::record {

// A setting's value as written by a person: `monostate` is "auto" (the runtime or the tool decides).
using Value = std::variant<std::monostate, bool, std::int64_t, double, std::string>;

[[nodiscard]] inline bool is_set(const Value& value) {
  return !std::holds_alternative<std::monostate>(value);
}
[[nodiscard]] std::string to_text(const Value& value);  // "auto", "true", "8", "0.5", "q8_0"
[[nodiscard]] Json to_json(const Value& value);         // "auto" for monostate

}  // namespace mia::record
