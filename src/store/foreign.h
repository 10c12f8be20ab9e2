// SPDX-License-Identifier: MIT
// Rows of databases that other programs wrote. Nothing in them is trusted: they are read in memory, beside the store,
// by a connection that may do nothing but make tables, fill them and read them, within limits of size and work.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/json.h"
#include "base/result.h"

namespace mia::store {

// An SQLite file begins with these bytes.
inline constexpr std::string_view kSqliteMagic{"SQLite format 3\0", 16};
inline constexpr std::size_t kMostForeignRows = 100'000;

// Every row of every table that has the column `column`, as an object without the columns that are NULL. Errors of kind
// usage: no such table (the message names those there are), damage, too many rows or bytes.
[[nodiscard]] Result<std::vector<Json>> rows_of_database(std::string_view bytes, std::string_view column);
// The same of an SQL text: its CREATE TABLE and INSERT statements, others are passed over. Errors say the line.
[[nodiscard]] Result<std::vector<Json>> rows_of_sql(std::string_view text, std::string_view column);

// Behind the semicolon outside quotes and comments that ends the statement at `from`; npos without one.
[[nodiscard]] std::size_t end_of_statement(std::string_view text, std::size_t from);

}  // namespace mia::store
