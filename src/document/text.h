// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "document/document.h"

namespace mia::document {

struct Look {
  std::size_t width = 100;                                // columns of the terminal: sentences wrap to it
  std::optional<std::size_t> table_width = std::nullopt;  // as `width` where nothing else is said
  bool color = false;                                     // ANSI colours
};

// For the terminal, without what is a detail; the answer comes first, below the title. A table that is too wide
// is turned where it fits then; else what stands left is shortened to no less than 16 columns, and numbers are never
// cut. Controls and what reorders text become visible.
[[nodiscard]] std::string to_text(const Document& document, const Look& look = {});

}  // namespace mia::document
