// SPDX-License-Identifier: MIT
// Tables as data, printed as aligned text or as GitHub Markdown.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace mia::report {

enum class Align { left, right };

struct Column {
  std::string heading;
  Align align = Align::right;
};

struct Table {
  std::vector<Column> columns;
  std::vector<std::vector<std::string>> rows;  // short rows are filled with empty places
};

// Columns a terminal uses for UTF-8 text: combining marks take 0, East Asian wide characters and emoji 2.
[[nodiscard]] std::size_t display_width(std::string_view text);
// Cut to `width` columns with an ellipsis where something was left out.
[[nodiscard]] std::string shorten(std::string_view text, std::size_t width);
// Words of `text` in lines of at most `width` columns, every line after the first indented by `indent` spaces.
[[nodiscard]] std::string wrap(std::string_view text, std::size_t width, std::size_t indent = 0);

// Columns of the widest line of table_text without a limit.
[[nodiscard]] std::size_t table_width(const Table& table);
// Rows become columns, the first column becomes the headings.
[[nodiscard]] Table transposed(const Table& table);

// Aligned columns with a rule under the headings. Over `width` columns, left-aligned columns are shortened first (to no
// less than 16), then the whole line is left long: numbers are never cut. 0: no limit. Cells are made one_line().
[[nodiscard]] std::string table_text(const Table& table, std::size_t width = 0);
// Cells are escaped here.
[[nodiscard]] std::string table_markdown(const Table& table);

}  // namespace mia::report
