// SPDX-License-Identifier: MIT
// Writes JSON from the lists of members (record/members.h). Only for .cc files.
#pragma once

#include <cmath>
#include <map>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/json.h"
#include "record/fields.h"
#include "record/members.h"

namespace mia::record {

template <class S>
Json write_member(const OnlySet<S>& value) {
  return to_json(value.settings, true);
}
inline Json write_member(const Settings& value) {
  return to_json(value);
}

// Any member at all, to ask whether a type has a list.
struct AnyMember {
  template <class M>
  void operator()(const Key& /*key*/, M&& /*member*/) const {}
};
template <class T>
concept HasMembers = requires(T& object) {
  each(object, AnyMember{});
};
template <class T>
concept IsOptional = std::same_as<T, std::optional<typename T::value_type>>;
template <class T>
concept IsList = std::same_as<T, std::vector<typename T::value_type>>;
template <class T>
concept IsMap = std::same_as<T, std::map<std::string, typename T::mapped_type>>;

template <class T>
Json members_to_json(const T& value) {
  if constexpr (requires { write_member(value); }) {
    return write_member(value);
  } else if constexpr (HasNames<T>) {
    return name_of(value);
  } else if constexpr (HasMembers<const T>) {
    Json json = Json::object();
    each(value, [&](const Key& key, const auto& member) { json[key.name] = members_to_json(member); });
    return json;
  } else if constexpr (IsOptional<T>) {
    return value ? members_to_json(*value) : Json(nullptr);
  } else if constexpr (IsList<T>) {
    Json json = Json::array();
    for (const auto& item : value) {
      json.push_back(members_to_json(item));
    }
    return json;
  } else if constexpr (IsMap<T>) {
    Json json = Json::object();
    for (const auto& [name, item] : value) {
      json[name] = members_to_json(item);
    }
    return json;
  } else if constexpr (std::is_floating_point_v<T>) {
    return std::isfinite(value) ? Json(value) : Json(nullptr);
  } else {
    return value;
  }
}

}  // namespace mia::record
