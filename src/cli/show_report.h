// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "base/result.h"
#include "cli/cli.h"
#include "report/document.h"

namespace mia::cli {

struct ShownReport {
  std::string what;  // file, session, a prefix of one, last
  std::string format = "text";
  std::string out = "";  // file; "" for stdout
  bool allow_edited = false;
};

// Prints a report as text, md, html, json, csv or jsonl, or a comparison as text, md, html or json; --json wins. Gives
// the exit code.
[[nodiscard]] Result<int> show_report(const Common& common, const ShownReport& shown);

// What of a report the terminal shows: all of it with --verbose.
[[nodiscard]] report::Extent extent_of(const Common& common);

}  // namespace mia::cli
