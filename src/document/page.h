// SPDX-License-Identifier: MIT
// What stands in every HTML page beside its text: put into the program at build time (cmake/Page.cmake).
#pragma once

#include <string_view>

namespace mia::document {

struct PageParts {
  std::string_view script;       // the chart library and page/page.js; "" in a build that could not have the library
  std::string_view style;        // page/page.css
  std::string_view live;         // page/live.js
  std::string_view script_hash;  // these four as a content security policy names them, "sha256-..."
  std::string_view live_hash;
  std::string_view style_hash;
  std::string_view library_style_hash;  // of the sheet that the chart library puts into a picture
};
[[nodiscard]] PageParts page_parts();

}  // namespace mia::document
