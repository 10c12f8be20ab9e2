// SPDX-License-Identifier: MIT
// May a build rely on this report? All lines that judge it: the fixed limits of the perf method and, cell by cell, the
// statistical comparison with the accepted report. A line that fails is only a suspicion until a fresh measurement
// agrees.
#pragma once

#include <string>
#include <vector>

#include "judge/baseline.h"
#include "judge/thresholds.h"
#include "record/report.h"
#include "record/settings.h"

namespace mia::judge {

struct GateOptions {
  record::ThresholdSettings limits;
  std::string profile;  // whose limits they are, "" for none
  LimitNoise noise;     // of what the limits judge
  BaselineOptions baseline;
  bool need_baseline = true;  // without an accepted report the verdict is unclear; false: the fixed limits alone judge
};

// Fills checks, regression_flag and judgement anew; where no line judged anything the verdict is unclear. `accepted`:
// nullptr where there is none; must be comparable(), and judges nothing where it is the report itself.
void judge_report(record::Report& report, const record::Report* accepted, const GateOptions& options);

// Keys of the cells whose lines failed, in the report's order.
[[nodiscard]] std::vector<std::string> flagged_cells(const record::Report& report);

// `fresh` measured the flagged cells again. A failed line stays failed where the fresh one fails too, passes where it
// passes, and is unclear where it cannot tell. Checks, regression_flag and judgement of `report` follow.
void confirm(record::Report& report, const record::Report& fresh, const record::Report* accepted,
             const GateOptions& options);

}  // namespace mia::judge
