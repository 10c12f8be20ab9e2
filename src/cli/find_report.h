// SPDX-License-Identifier: MIT
// Reports by the names that people give them: a file, or a session of the store.
#pragma once

#include <string>

#include "base/result.h"
#include "cli/app.h"
#include "record/report.h"
#include "store/store.h"

namespace mia::cli {

[[nodiscard]] Result<store::Store> open_store(const Common& common);

// A file where `what` looks like one, else a session's id, a prefix of one, or "last". `allow_edited`: also a file that
// was changed by hand.
[[nodiscard]] Result<record::Report> find_report(const Common& common, const std::string& what, bool allow_edited);

// Prints it as text, md, json, csv or jsonl; --json wins. Gives the exit code.
[[nodiscard]] Result<int> show_report(const Common& common, const std::string& what, const std::string& format,
                                      bool allow_edited);

}  // namespace mia::cli
