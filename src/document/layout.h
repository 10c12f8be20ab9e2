// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace mia::document {

// Columns a terminal uses for UTF-8 text: combining marks take 0, East Asian wide characters and emoji 2.
[[nodiscard]] std::size_t display_width(std::string_view text);
// Cut to `width` columns with an ellipsis where something was left out.
[[nodiscard]] std::string shorten(std::string_view text, std::size_t width);
// Words of `text` in lines of at most `width` columns, every line after the first indented by `indent` spaces.
[[nodiscard]] std::string wrap(std::string_view text, std::size_t width, std::size_t indent = 0);

}  // namespace mia::document
