// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "base/result.h"
#include "cli/cli.h"

namespace mia::cli {

// Prints a report (app::find_report) as text, md, json, csv or jsonl; --json wins. Gives the exit code.
[[nodiscard]] Result<int> show_report(const Common& common, const std::string& what, const std::string& format,
                                      bool allow_edited);

}  // namespace mia::cli
