// SPDX-License-Identifier: MIT
// The one door for settings that a person types: text is read once, here; what travels on is a field and its value.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "record/fields.h"
#include "record/value.h"

namespace mia::config {

// One key at a value, and who said so: "--set", "-m", "environment MIA__...", "configs/base.yaml:12".
struct Assignment {
  const record::Field* field = nullptr;  // never nullptr
  record::Value value;
  std::string origin;
};

// Where "key=value" is cut in two, with the blanks at both ends gone.
struct KeyText {
  const record::Field* field = nullptr;
  std::string text;
};
// Errors of kind usage begin with `origin`: no '=', an unknown key.
[[nodiscard]] Result<KeyText> split_assignment(std::string_view text, std::string_view origin);

// "key=value" as --set takes it; a bare name is good where only one key has it.
[[nodiscard]] Result<Assignment> read_assignment(std::string_view text, std::string_view origin);
// The value of a key that is known already.
[[nodiscard]] Result<Assignment> read_value(const record::Field& field, std::string_view text, std::string_view origin);
void put(record::Settings& settings, std::span<const Assignment> assignments);

// The last one of a key wins.
void add(std::vector<Assignment>& all, Assignment one);

}  // namespace mia::config
