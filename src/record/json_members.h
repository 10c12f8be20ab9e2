// SPDX-License-Identifier: MIT
// Reads and writes JSON from the lists of members (record/members.h): structs, lists, maps, optionals, words of
// enumerations and settings, nested at will. Absent members keep their default; null is an optional without value;
// unknown members are let pass, for newer writers. Only for .cc files.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <fmt/format.h>

#include "base/text.h"
#include "record/json_writer.h"

namespace mia::record {

inline Status read_member(const Json& json, Settings& value) {
  MIA_TRY_ASSIGN(value, settings_from_json(json));
  return {};
}
inline Status read_member(const Json& json, const OnlySet<Settings>& value) {
  return read_member(json, value.settings);
}

// Where a document does not fit its struct: "cells[3].metrics.load_ms: 'value' has a wrong type".
struct Misfit {
  std::string place;  // of the object that holds the member
  std::string member;
  std::string why = " has a wrong type";

  // One level further out.
  Misfit inside(const std::string& step) && {
    std::string& inner = place.empty() && (member.empty() || member.starts_with('[')) ? member : place;
    inner = step + (inner.empty() || inner.starts_with('[') ? "" : ".") + inner;
    return std::move(*this);
  }
  [[nodiscard]] std::string text() const {
    return fmt::format("{}{}'{}'{}", one_line(place, 200), place.empty() ? "" : ": ", one_line(member, 80), why);
  }
};

enum class Unknown { let_pass, refused };  // members of a document that the struct does not have

class MemberReader {
 public:
  constexpr explicit MemberReader(Unknown unknown = Unknown::let_pass) : unknown_(unknown) {}

  // nullopt: `value` is read. T may be a const view with read_member() of its own.
  template <class T>
  [[nodiscard]] std::optional<Misfit> read(const Json& json, T& value) const {
    if constexpr (requires { read_member(json, value); }) {
      const Status status = read_member(json, value);
      return status ? std::nullopt : std::optional(Misfit{{}, {}, ": " + status.error().message});
    } else if constexpr (HasNames<T>) {
      return read_name(json, value);
    } else if constexpr (HasMembers<T>) {
      return read_object(json, value);
    } else if constexpr (IsOptional<T>) {
      value.reset();
      return json.is_null() ? std::nullopt : read(json, value.emplace());
    } else if constexpr (IsList<T>) {
      return read_list(json, value);
    } else if constexpr (IsMap<T>) {
      return read_map(json, value);
    } else {
      return read_plain(json, value);
    }
  }

 private:
  template <class T>
  static std::optional<Misfit> read_plain(const Json& json, T& value) {
    bool fits = true;
    if constexpr (std::is_same_v<T, bool>) {
      fits = json.is_boolean();
    } else if constexpr (std::is_integral_v<T>) {
      fits = json.is_number_unsigned() ? std::in_range<T>(json.get<std::uint64_t>())
                                       : json.is_number_integer() && std::in_range<T>(json.get<std::int64_t>());
    } else if constexpr (std::is_floating_point_v<T>) {
      fits = json.is_number();
    } else if constexpr (std::is_same_v<T, std::string>) {
      fits = json.is_string();
    }
    if (!fits) {
      return Misfit{};
    }
    value = json.get<T>();
    return std::nullopt;
  }

  template <class T>
  static std::optional<Misfit> read_name(const Json& json, T& value) {
    const auto found = json.is_string() ? value_named<T>(json.get_ref<const std::string&>()) : std::nullopt;
    if (!found) {
      std::string words;
      for (const auto& row : names(value)) {
        words += fmt::format("{}{}", words.empty() ? "" : ", ", row.name);
      }
      const std::string said = json.is_string() ? fmt::format("'{}', ", one_line(json.get<std::string>(), 80)) : "";
      return Misfit{{}, {}, fmt::format(" is {}none of {}", said, words)};
    }
    value = *found;
    return std::nullopt;
  }

  template <class T>
  std::optional<Misfit> read_object(const Json& json, T& value) const {
    if (!json.is_object()) {
      return Misfit{{}, {}, " is not an object"};
    }
    std::optional<Misfit> wrong;
    std::set<std::string_view> known;
    each(value, [&](const Key& key, auto&& member) {
      known.insert(key.name);
      const auto at = json.find(key.name);
      if (wrong || (at == json.end() && !key.needed)) {
        return;
      }
      wrong = at == json.end() ? Misfit{{}, {}, " is missing"} : read(*at, member);
      wrong = wrong ? std::optional(std::move(*wrong).inside(key.name)) : std::nullopt;
    });
    if (unknown_ == Unknown::refused && !wrong) {
      for (const auto& [name, unused] : json.items()) {
        wrong = wrong || known.contains(name) ? wrong : Misfit{{}, name, " is no member"};
      }
    }
    if constexpr (requires { contradiction(value); }) {
      if (const auto said = wrong ? std::nullopt : contradiction(value)) {
        wrong = Misfit{{}, {}, ": " + *said};
      }
    }
    return wrong;
  }

  template <class T>
  std::optional<Misfit> read_list(const Json& json, T& list) const {
    if (!json.is_array()) {
      return Misfit{{}, {}, " is not a list"};
    }
    list.clear();
    for (const Json& item : json) {
      if (auto wrong = read(item, list.emplace_back())) {
        return std::move(*wrong).inside(fmt::format("[{}]", list.size() - 1));
      }
    }
    return std::nullopt;
  }

  template <class T>
  std::optional<Misfit> read_map(const Json& json, T& map) const {
    if (!json.is_object()) {
      return Misfit{{}, {}, " is not an object"};
    }
    map.clear();
    for (const auto& [name, item] : json.items()) {
      if (auto wrong = read(item, map[name])) {
        return std::move(*wrong).inside(name);
      }
    }
    return std::nullopt;
  }

  Unknown unknown_;
};

// A whole document; `what` is its name in errors, of kind protocol.
template <class T>
[[nodiscard]] Result<T> from_members(const Json& json, const char* what) {
  T value;
  if (auto wrong = MemberReader().read(json, value)) {
    return fail(ErrorKind::protocol, "{}", std::move(*wrong).inside(what).text());
  }
  return value;
}

}  // namespace mia::record
