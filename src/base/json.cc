// SPDX-License-Identifier: MIT
#include "base/json.h"

#include <algorithm>
#include <limits>

#include <nlohmann/json.hpp>

#include "base/text.h"

namespace mia {
namespace {

// Deepest nesting of brackets outside strings. nlohmann's parser is iterative, but copying and destroying a value is
// recursive, so the depth must be known before the value exists.
int nesting(std::string_view text) {
  int depth = 0;
  int deepest = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      i += c == '\\' ? 1 : 0;
      quoted = c != '"';
    } else if (c == '"') {
      quoted = true;
    } else if (c == '{' || c == '[') {
      deepest = std::max(deepest, ++depth);
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
  return deepest;
}

// "line 3, column 10" of the byte at which a parser stopped, counted from 1; "column 10" in a text of one line.
std::string place_of(std::string_view text, std::size_t byte) {
  const std::string_view before = text.substr(0, std::min(byte == 0 ? 0 : byte - 1, text.size()));
  const std::size_t newline = before.rfind('\n');
  const std::size_t column = newline == std::string_view::npos ? before.size() : before.size() - newline - 1;
  const auto lines = std::ranges::count(before, '\n');
  return lines == 0 && trim(text).find('\n') == std::string_view::npos
             ? fmt::format("column {}", 1 + column)
             : fmt::format("line {}, column {}", 1 + lines, 1 + column);
}

const Json* find(const Json& object, std::string_view key) {
  if (!object.is_object()) {
    return nullptr;
  }
  const auto at = object.find(key);
  return at == object.end() ? nullptr : &*at;
}

}  // namespace

Result<Json> parse_json(std::string_view text, JsonLimits limits) {
  if (text.size() > limits.bytes) {
    return fail(ErrorKind::protocol, "JSON of {} bytes is over the limit of {}", text.size(), limits.bytes);
  }
  if (nesting(text) > limits.depth) {
    return fail(ErrorKind::protocol, "JSON is nested deeper than {} levels", limits.depth);
  }
  try {
    return Json::parse(text);
  } catch (const Json::parse_error& error) {
    return fail(ErrorKind::protocol, "not valid JSON ({})", place_of(text, error.byte));
  } catch (const Json::exception&) {  // a number that no double holds
    return fail(ErrorKind::protocol, "not valid JSON: it holds a number that is out of range");
  }
}

std::string dump_json(const Json& json, int indent) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

std::optional<std::int64_t> get_int(const Json& object, std::string_view key) {
  const Json* const value = find(object, key);
  if (value == nullptr || !value->is_number_integer()) {
    return std::nullopt;
  }
  if (value->is_number_unsigned() &&
      value->get<std::uint64_t>() > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
    return std::nullopt;
  }
  return value->get<std::int64_t>();
}

std::optional<double> get_double(const Json& object, std::string_view key) {
  const Json* const value = find(object, key);
  return value != nullptr && value->is_number() ? std::optional(value->get<double>()) : std::nullopt;
}

std::optional<bool> get_bool(const Json& object, std::string_view key) {
  const Json* const value = find(object, key);
  return value != nullptr && value->is_boolean() ? std::optional(value->get<bool>()) : std::nullopt;
}

std::optional<std::string> get_string(const Json& object, std::string_view key) {
  const Json* const value = find(object, key);
  return value != nullptr && value->is_string() ? std::optional(value->get<std::string>()) : std::nullopt;
}

const Json& get_member(const Json& object, std::string_view key) {
  static const Json kEmpty = Json::object();
  const Json* const value = find(object, key);
  return value == nullptr ? kEmpty : *value;
}

}  // namespace mia
