// SPDX-License-Identifier: MIT
#pragma once

#include "judge/thresholds.h"
#include "record/report.h"

namespace mia::judge {

// check_thresholds() with the report's own limits, written into its checks; regression_flag is set only where there is
// an accepted report; `noise` is that of the cells in history. In a probe each limit is judged in the parts that
// measure it (percentiles first in the one whose table is of latencies, as its runs are made for them), and limits that
// could not be judged stay with their reason.
void judge_thresholds(record::Report& report, const record::Report* accepted, const LimitNoise& noise = {});

}  // namespace mia::judge
