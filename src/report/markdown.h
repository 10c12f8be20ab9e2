// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "record/report.h"

namespace mia::report {

// The twin of the JSON document for a colleague with two minutes: what was measured on what, the table, what it means,
// how sure, under which conditions, how to repeat it. GitHub tables; everything from outside is escaped.
[[nodiscard]] std::string to_markdown(const record::Report& report);

// The table of metrics for docs/results-format.md, from record::metrics().
[[nodiscard]] std::string metrics_markdown();

}  // namespace mia::report
