// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "record/report.h"

namespace mia::report {

// Workflow commands: ::error for failed checks, for what could not be judged at all, and for problems, ::warning for
// unclear checks and warnings.
[[nodiscard]] std::string to_github(const record::Report& report);

// Markdown for $GITHUB_STEP_SUMMARY: the sentence, the checks, the table, the findings.
[[nodiscard]] std::string github_summary(const record::Report& report);

}  // namespace mia::report
