// SPDX-License-Identifier: MIT
#include "config/assignment.h"

#include <utility>

#include "base/text.h"

namespace mia::config {

Result<KeyText> split_assignment(std::string_view text, std::string_view origin) {
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos || equals == 0) {
    return fail(ErrorKind::usage, "{} {}: write key=value, for example n_threads=2", origin, one_line(text, 80));
  }
  MIA_TRY_ASSIGN(const record::Field* const field,
                 context(record::require_field(trim(text.substr(0, equals))), origin));
  return KeyText{field, std::string(trim(text.substr(equals + 1)))};
}

Result<Assignment> read_assignment(std::string_view text, std::string_view origin) {
  MIA_TRY_ASSIGN(const KeyText cut, split_assignment(text, origin));
  return read_value(*cut.field, cut.text, origin);
}

Result<Assignment> read_value(const record::Field& field, std::string_view text, std::string_view origin) {
  MIA_TRY_ASSIGN(record::Value value, context(record::parse_value(field, text), origin));
  return Assignment{&field, std::move(value), std::string(origin)};
}

void put(record::Settings& settings, std::span<const Assignment> assignments) {
  for (const Assignment& one : assignments) {
    record::set(settings, *one.field, one.value);
  }
}

void add(std::vector<Assignment>& all, Assignment one) {
  std::erase_if(all, [&](const Assignment& other) { return other.field == one.field; });
  all.push_back(std::move(one));
}

}  // namespace mia::config
