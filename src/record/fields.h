// SPDX-License-Identifier: MIT
// The one table of parameters. Configuration keys, --set, axes of scenarios, JSON keys, the documentation and the
// schemas all come from its rows.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "record/settings.h"
#include "record/value.h"

namespace mia::record {

enum class FieldType { integer, number, boolean, text };

// What a setting needs to mean anything: a GPU that the runtime sees; threads of ggml's own (OpenMP's neither poll nor
// wait as ggml's do).
enum class Needs { nothing, gpu, own_threads };

using Slot = std::variant<OptInt*, OptDouble*, OptBool*, OptString*>;

struct Field {
  std::string_view key;   // "llm.primary.n_threads": unique
  std::string_view name;  // last part of the key: JSON key inside its section, accepted alone where unique
  FieldType type;
  std::string_view unit;          // "tokens", "threads", "ms", "" ...
  std::string_view doc;           // one sentence
  std::string_view standard;      // built-in default as text, "auto" where the runtime decides
  double least = 0;               // range of numbers, inclusive
  double most = 0;                // least == most == 0: no range
  std::string_view choices = "";  // "a|b|c" for text with a fixed set
  Slot (*slot)(Settings&) = nullptr;
  Needs needs = Needs::nothing;
  // llama-server's option, as its --help names it; "" has none. One that begins with --no- is given where the value is
  // false.
  std::string_view flag = "";
};

[[nodiscard]] std::span<const Field> fields();
// By full key, by "section.name", or by bare name where only one row has it.
[[nodiscard]] const Field* find_field(std::string_view key);
// Usage error with the nearest key when there is none.
[[nodiscard]] Result<const Field*> require_field(std::string_view key);

// Text to value by the row's type, range and choices; "auto" gives monostate where the row's default or meaning allows
// it. Error kind usage, names the key, the offending text and what is allowed.
[[nodiscard]] Result<Value> parse_value(const Field& field, std::string_view text);

[[nodiscard]] Value get(const Settings& settings, const Field& field);
void set(Settings& settings, const Field& field, const Value& value);
// parse_value + set by key.
[[nodiscard]] Status set_text(Settings& settings, std::string_view key, std::string_view text);

[[nodiscard]] Settings default_settings();

// {"llm.primary": {"n_threads": 4, ...}, "workload": {...}, ...}: every row, null/"auto" where not set.
// `skip_unset` leaves unset members out.
[[nodiscard]] Json to_json(const Settings& settings, bool skip_unset = false);
// Unknown keys are ignored (newer writer), wrong types are an error.
[[nodiscard]] Result<Settings> settings_from_json(const Json& json);

// One row of the table at a value: a place on an axis, a part of a recommendation.
struct Setting {
  const Field* field = nullptr;  // never nullptr
  Value value;
  std::string word = {};  // how it was asked for, where a word stands for the value: "physical", "25%"

  bool operator==(const Setting&) const = default;
};
using SettingList = std::vector<Setting>;

// "n_threads=8 n_batch=256".
[[nodiscard]] std::string describe(std::span<const Setting> settings);
[[nodiscard]] Json to_json(std::span<const Setting> settings);  // [{"field": full key, "value": 8, "word": "physical"}]
[[nodiscard]] Result<SettingList> setting_list_from_json(const Json& json);

// The members of `settings` that differ from `base`, in table order.
[[nodiscard]] SettingList difference(const Settings& base, const Settings& settings);

}  // namespace mia::record
