// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "record/report.h"
#include "report/text.h"

namespace mia::report {

// What the gate says on a terminal: every line that judged with value, limit and verdict, what judged it, and the
// verdict. Limits that are not set are named in one line.
[[nodiscard]] std::string gate_text(const record::Report& report, const TextOptions& options = {});

}  // namespace mia::report
