// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "document/document.h"

namespace mia::document {

// What stands around the document where it is one page of several.
struct Frame {
  std::vector<Link> pages;                           // to the others, first of all
  std::optional<std::string> search = std::nullopt;  // a field for words, with what was asked for
  std::vector<Link> more = {};                       // to what goes on after it
  std::optional<Section> live = std::nullopt;  // below the answer; page/live.js keeps it as the server's events say
};

// One page that fetches nothing: the answer first, then the sections, details too. Pictures are drawn by the page's
// script; without it each has its words and its table. Everything is escaped and bounded.
[[nodiscard]] std::string to_html(const Document& document, const Frame& frame = {});
// The blocks of a section alone, as they stand in such a page. Pictures are left out.
[[nodiscard]] std::string to_html(const Section& section);
// What a server says beside such a page: its policy for what the page may do (Content-Security-Policy).
[[nodiscard]] std::string page_policy();

}  // namespace mia::document
