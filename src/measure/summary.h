// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "record/metrics.h"
#include "record/report.h"
#include "record/trial.h"
#include "stats/summary.h"

namespace mia::measure {

// Trials of a cell that count, by record::standings().
[[nodiscard]] std::vector<const record::Trial*> counted(std::span<const record::Trial> trials, const std::string& cell);

// The median's interval: 95 % from six values on, the whole range (94 %) of five, none below.
[[nodiscard]] std::optional<stats::Interval> interval_of(std::span<const double> values);

// Median over the trials with its distribution-free interval: 95 % from six trials on, the whole range (94 %) of five,
// none below. A percentile needs enough intervals in each run (59 for p95), else it is null with that reason.
[[nodiscard]] record::Summary summarize(const record::Metric& metric, std::span<const record::Trial* const> trials,
                                        const std::string& failure);

// tokens_per_s of a cell over that of the reference, round by round, minus 1. A claim of a difference needs undisturbed
// trials, as every sentence does: where a figure of the cell is of disturbed ones, for want of better, there is no
// delta.
struct Delta {
  std::optional<double> value;
  std::optional<double> low;
  std::optional<double> high;
};
[[nodiscard]] Delta delta_of(std::span<const record::Trial* const> cell,
                             std::span<const record::Trial* const> reference);

}  // namespace mia::measure
