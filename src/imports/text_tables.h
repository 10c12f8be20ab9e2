// SPDX-License-Identifier: MIT
// Tables as text: records of CSV (RFC 4180, any separator) and lines of a Markdown table.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/json.h"
#include "base/result.h"

namespace mia::imports {

// A place in a text, and its line (1-based).
class Cursor {
 public:
  explicit Cursor(std::string_view text) : text_(text) {}

  [[nodiscard]] bool at_end() const { return at_ >= text_.size(); }
  [[nodiscard]] std::size_t line() const { return line_; }
  [[nodiscard]] std::string_view rest() const { return text_.substr(at_); }
  // Up to the end of this line, and the one after it.
  [[nodiscard]] std::string_view this_line() const;
  [[nodiscard]] std::string_view next_line() const;
  void skip(std::size_t bytes);
  void skip_line() { skip(this_line().size() + 1); }
  // Fields of one record and the end of its line. Error kind usage, with the line: a quote that is never closed, text
  // behind a closing quote.
  Result<std::vector<std::string>> record(char separator);

 private:
  Result<std::string> field(char separator);
  [[nodiscard]] bool take(char c);

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t line_ = 1;
};

// Cells of a line of a Markdown table, also inside a quotation, without emphasis; nothing where the line has no bar.
[[nodiscard]] std::vector<std::string> markdown_cells(std::string_view line);
// "| --- | ---: |"
[[nodiscard]] bool is_markdown_rule(std::string_view line);

// The columns that one cell stands for: a table for people has other headings than the tool's files ("ngl", "t/s",
// "test"). `heading` as in the table. A heading "t/s NAME" (of compare-llama-bench) is the speed of build NAME, one
// "pp512" or "tg128 (t/s)" the speed of that test.
[[nodiscard]] Json columns_of_cell(std::string_view heading, const std::string& cell);

}  // namespace mia::imports
