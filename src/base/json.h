// SPDX-License-Identifier: MIT
// JSON from outside: bounded in size and nesting, and read by functions that say which key is wrong.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "base/result.h"

namespace mia {

using Json = nlohmann::json;

struct JsonLimits {
  std::size_t bytes = std::size_t{64} << 20U;
  int depth = 32;
};

// Whole text must be one JSON value. Error kind `protocol`, with the place.
[[nodiscard]] Result<Json> parse_json(std::string_view text, JsonLimits limits = {});

// Compact text; invalid UTF-8 is replaced, never thrown; NaN and infinities become null.
[[nodiscard]] std::string dump_json(const Json& json, int indent = -1);

// Typed members of an object: nullopt when absent, null or of another type.
[[nodiscard]] std::optional<std::int64_t> get_int(const Json& object, std::string_view key);
[[nodiscard]] std::optional<double> get_double(const Json& object, std::string_view key);
[[nodiscard]] std::optional<bool> get_bool(const Json& object, std::string_view key);
[[nodiscard]] std::optional<std::string> get_string(const Json& object, std::string_view key);
// Member of an object or array type; an empty object when absent.
[[nodiscard]] const Json& get_member(const Json& object, std::string_view key);

}  // namespace mia
