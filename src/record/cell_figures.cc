// SPDX-License-Identifier: MIT
#include "record/cell_figures.h"

#include "record/metrics.h"
#include "stats/summary.h"

namespace mia::record {
namespace {

constexpr std::size_t kCurvePoints = 16;
constexpr std::size_t kLeastPerPoint = 4;  // intervals; fewer make the curve noise

std::vector<const Trial*> good_trials(const Report& report, const CellReport& cell) {
  std::vector<const Trial*> trials;
  for (const Trial& trial : report.trials) {
    if (trial.cell == cell.key && trial.outcome.ok()) {
      trials.push_back(&trial);
    }
  }
  return trials;
}

}  // namespace

DecodeCurve decode_curve(const Report& report, const CellReport& cell) {
  std::vector<std::vector<double>> shares(kCurvePoints);
  DecodeCurve curve;
  curve.depth.resize(kCurvePoints);
  for (const Trial* const trial : good_trials(report, cell)) {
    for (const Run* const run : measured(*trial)) {
      const std::vector<double> intervals = decode_intervals_ms(*run);
      if (intervals.size() < kCurvePoints * kLeastPerPoint) {
        return {};
      }
      for (std::size_t i = 0; i < intervals.size(); ++i) {
        const std::size_t share = i * kCurvePoints / intervals.size();
        shares[share].push_back(intervals[i]);
        curve.depth[share] = run->prompt_tokens + static_cast<std::int64_t>(i) + 2;
      }
    }
  }
  for (const std::vector<double>& share : shares) {
    const auto median = stats::median(share);
    if (!median || !(*median > 0)) {
      return {};
    }
    curve.tok_s.push_back(1000.0 / *median);
  }
  return curve;
}

std::optional<double> median_condition(std::span<const Trial* const> trials,
                                       std::optional<double> (*of)(const Conditions&)) {
  std::vector<double> values;
  for (const Trial* const trial : trials) {
    if (const auto value = of(trial->conditions); trial->outcome.ok() && value) {
      values.push_back(*value);
    }
  }
  return stats::median(values);
}

}  // namespace mia::record
