// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "record/report.h"

namespace mia::report {

// RFC 4180, one row per run (a trial without a run has one row with empty run columns). Text that a spreadsheet would
// take for a formula (leading = + - @, tab or return) gets a leading apostrophe; numbers stay numbers.
[[nodiscard]] std::string to_csv(const record::Report& report);

}  // namespace mia::report
