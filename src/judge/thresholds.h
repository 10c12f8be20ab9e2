// SPDX-License-Identifier: MIT
// The fixed limits of the perf method (perf.thresholds.*), applied to a report and, where one exists, the last accepted
// report. They need no statistics: each value is compared with its limit, and a missing one is said to be missing.
#pragma once

#include <span>
#include <vector>

#include "judge/cells.h"
#include "record/report.h"
#include "record/settings.h"

namespace mia::judge {

struct ThresholdVerdict {
  std::vector<record::Check> checks;
  bool regression_flag = false;  // of the checks, see below
};

// Limits that are not set give "skipped" lines, as do limits of workloads that were not measured and of comparisons
// without an accepted report. load_ms_max, short_tps_min and long_tps_min look at the report's reference: the first
// cell of the workload whose settings are the report's own, else the first of that workload. Ratios, drifts and drops
// are judged for every mode that has what they need; a mode is a cell's model, runtime and settings without its
// workload, and `text` names it. A cell that was measured but has no value gives "unclear", never "pass".
[[nodiscard]] ThresholdVerdict check_thresholds(const PartView& part, const record::Report* accepted,
                                                const record::ThresholdSettings& limits);

// A drop of speed or a rise of the p95 ratio among failed lines.
[[nodiscard]] bool regression_flag(std::span<const record::Check> checks);

}  // namespace mia::judge
