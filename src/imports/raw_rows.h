// SPDX-License-Identifier: MIT
// Rows as other tools write them, one after another in one text: JSON objects (alone, line by line, in lists, inside
// wrapper objects), CSV with commas, semicolons or tabs, Markdown tables, INSERT statements; what a back end says
// in between is passed over. A row is a map of column to value; nothing here knows what a column means, but which ones
// hold a speed.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/result.h"

namespace mia::imports {

inline constexpr std::size_t kMaxRows = 100'000;
inline constexpr std::size_t kMaxColumns = 512;

struct RawRow {
  Json fields;           // an object
  std::size_t line = 0;  // 1-based; 0: not from a text
};

struct RawRows {
  std::string format;  // "json", "jsonl", "csv", "md", "sql", "sqlite"; of the first row
  std::vector<RawRow> rows;
  std::vector<std::string> notes;  // what was passed over
};

// Columns that hold a speed: a row has one of them at least.
[[nodiscard]] bool is_speed(std::string_view column);

// `text` as of to_utf8(). Words that JSON does not know (nan, -inf, 1.#QNAN) become texts. Error kind usage, with the
// line: a list, object, quote or statement that is never closed, a CSV row of another length, too much of anything.
[[nodiscard]] Result<RawRows> read_rows(std::string_view text);

}  // namespace mia::imports
