// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "document/document.h"

namespace mia::document {

// One page that fetches nothing: the answer first, then the sections, details too. Pictures are drawn by the page's
// script; without it each has its words and its table. Everything is escaped and bounded.
[[nodiscard]] std::string to_html(const Document& document);

}  // namespace mia::document
