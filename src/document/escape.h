// SPDX-License-Identifier: MIT
// Text from outside (model names, logs, reasons) made harmless for each format; for terminals it is one_line() of
// base/text.h.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace mia::document {

// one_line for Markdown: no HTML, no links, no emphasis, no table borders, and at the start of a line no heading, list
// or rule. What needs no escape (underscores inside words, intervals in brackets) stays readable.
[[nodiscard]] std::string markdown_escape(std::string_view text, std::size_t limit = 500);
// The same inside a table's cell, where no line starts.
[[nodiscard]] std::string markdown_cell(std::string_view text, std::size_t limit = 500);
// XML 1.0 text or attribute value.
[[nodiscard]] std::string xml_escape(std::string_view text, std::size_t limit = 4096);
// RFC 4180 field of text, formulas neutralized.
[[nodiscard]] std::string csv_escape(std::string_view text);
// Message of a workflow command; a property value also escapes ':' and ','.
[[nodiscard]] std::string github_escape(std::string_view text);
[[nodiscard]] std::string github_property(std::string_view text);
// A name as one part of a path, or as a value of a query: all but letters, digits and -._ as %XX.
[[nodiscard]] std::string path_escape(std::string_view text);
// A word for a POSIX shell, quoted only where needed.
[[nodiscard]] std::string shell_quote(std::string_view text);

}  // namespace mia::document
