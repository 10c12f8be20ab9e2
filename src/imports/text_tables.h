// SPDX-License-Identifier: MIT
// Tables that other tools write as text: CSV (RFC 4180) and the INSERT statements of an SQL dump. Nothing is executed.
// Every value stays text.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace mia::imports {

// Column and text, in the order of the file.
using TextRow = std::vector<std::pair<std::string, std::string>>;

inline constexpr std::size_t kMaxRows = 100'000;

// The first row names the columns. Error kind usage, with the line: a quote that is never closed, a row of another
// length, no header.
[[nodiscard]] Result<std::vector<TextRow>> parse_csv(std::string_view text);

// Rows of INSERT INTO name (columns) VALUES (...), (...); other statements are passed over, NULL leaves the column out.
// Error kind usage, with the line: a string or statement that is never closed, more or fewer values than columns.
[[nodiscard]] Result<std::vector<TextRow>> parse_inserts(std::string_view text);

}  // namespace mia::imports
