// SPDX-License-Identifier: MIT
// The fixed limits of the perf method (perf.thresholds.*), applied to a report and, where one exists, the last accepted
// report. Load and speeds are compared with their limits as they are. A change or a ratio that is beyond its limit
// fails only where it stays beyond it with 99 %, the noise between and within sessions taken off; else it is unclear.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "judge/cells.h"
#include "judge/unpaired.h"
#include "record/report.h"
#include "record/settings.h"

namespace mia::judge {

// Between sessions, of the speed and of p95 of single cells, by key; `otherwise` where a key is missing.
struct LimitNoise {
  std::map<std::string, SessionNoise> speed;
  std::map<std::string, SessionNoise> p95;
  SessionNoise otherwise;
};

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
                                                const record::ThresholdSettings& limits, const LimitNoise& noise = {});

// A drop of speed or a rise of the p95 ratio among failed lines.
[[nodiscard]] bool regression_flag(std::span<const record::Check> checks);

}  // namespace mia::judge
