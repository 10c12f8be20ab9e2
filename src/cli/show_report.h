// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "base/result.h"
#include "cli/cli.h"

namespace mia::cli {

// Prints a report as text, md, json, csv or jsonl, or a comparison as text, md or json; --json wins. Gives the exit
// code.
[[nodiscard]] Result<int> show_report(const Common& common, const std::string& what, const std::string& format,
                                      bool allow_edited);

}  // namespace mia::cli
