// SPDX-License-Identifier: MIT
// The fixed limits of the perf method (perf.thresholds.*), applied to a report and, where one exists, the last accepted
// report. They need no statistics: each value is compared with its limit, and a missing one is said to be missing.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "record/report.h"
#include "record/settings.h"

namespace mia::judge {

struct ThresholdVerdict {
  std::vector<record::Check> checks;
  bool regression_flag = false;  // a drop of speed or a rise of the p95 ratio against the accepted report
};

// Limits that are not set give "skipped" lines. load_ms, short_tps and long_tps look at the report's reference
// configuration (the first cell of that workload whose settings are the report's own, else the first of that workload);
// ratios, drifts and drops at every configuration that has what they need. A cell that was measured but has no value
// gives "unclear", never "pass".
[[nodiscard]] ThresholdVerdict check_thresholds(const record::Report& report, const record::Report* accepted,
                                                const record::ThresholdSettings& limits);

struct ThresholdProfile {
  std::string_view name;   // "mxfp4" | "legacy"
  std::string_view model;  // catalogue id it is made for
  double load_ms_max;
  double short_tps_min;
  double long_tps_min;  // 0: none
};
[[nodiscard]] const ThresholdProfile* find_threshold_profile(std::string_view name_or_model);
// Members of `limits` that are not set are taken from the profile.
[[nodiscard]] record::ThresholdSettings with_profile(record::ThresholdSettings limits, const ThresholdProfile& profile);

}  // namespace mia::judge
