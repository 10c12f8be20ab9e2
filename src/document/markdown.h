// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "document/document.h"

namespace mia::document {

// GitHub's dialect. `level` is the title's; sections are one below. Everything is escaped.
[[nodiscard]] std::string to_markdown(const Document& document, int level = 1);
[[nodiscard]] std::string to_markdown(const Table& table);

}  // namespace mia::document
