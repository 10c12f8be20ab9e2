// SPDX-License-Identifier: MIT
// One list of members per struct serves writing and reading: each struct gives `each(x, f)` that calls f("key",
// member). Only for .cc files.
#pragma once

#include <cmath>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/json.h"

namespace mia::record {

template <class T>
Json member_to_json(const T& value) {
  if constexpr (std::is_same_v<T, double>) {
    return std::isfinite(value) ? Json(value) : Json(nullptr);
  } else {
    return value;
  }
}

template <class T>
Json member_to_json(const std::optional<T>& value) {
  return value ? member_to_json(*value) : Json(nullptr);
}

// False when present with a wrong type.
template <class T>
bool member_from_json(const Json& json, T& value) {
  if constexpr (std::is_same_v<T, bool>) {
    if (!json.is_boolean()) {
      return false;
    }
  } else if constexpr (std::is_integral_v<T>) {
    if (!json.is_number_integer()) {
      return false;
    }
  } else if constexpr (std::is_floating_point_v<T>) {
    if (!json.is_number()) {
      return false;
    }
  } else if constexpr (std::is_same_v<T, std::string>) {
    if (!json.is_string()) {
      return false;
    }
  }
  try {
    value = json.get<T>();
    return true;
  } catch (const Json::exception&) {
    return false;
  }
}

template <class T>
bool member_from_json(const Json& json, std::optional<T>& value) {
  if (json.is_null()) {
    value.reset();
    return true;
  }
  return member_from_json(json, value.emplace());
}

template <class T>
Json members_to_json(const T& object) {
  Json json = Json::object();
  each(object, [&](const char* key, const auto& member) { json[key] = member_to_json(member); });
  return json;
}

// Absent members keep their default; the first member of a wrong type is named.
template <class T>
std::optional<std::string> members_from_json(const Json& json, T& object) {
  std::optional<std::string> wrong;
  each(object, [&](const char* key, auto& member) {
    const auto at = json.find(key);
    if (at != json.end() && !member_from_json(*at, member) && !wrong) {
      wrong = key;
    }
  });
  return wrong;
}

}  // namespace mia::record
