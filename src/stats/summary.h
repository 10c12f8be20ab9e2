// SPDX-License-Identifier: MIT
// Figures that summarise one sample. Functions take values in any order and never change them; values are finite (the
// callers' doors refuse others). Every function says nullopt, never 0, when the sample cannot carry the figure.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

namespace mia::stats {

// [low, high] and the coverage it really has: for order statistics that is more than was asked for.
struct Interval {
  double low = 0;
  double high = 0;
  double level = 0;
};

// nullopt when empty.
[[nodiscard]] std::optional<double> mean(std::span<const double> values);
[[nodiscard]] std::optional<double> median(std::span<const double> values);
// Linear interpolation between order statistics (type 7, as numpy's default). nullopt when empty or q outside [0, 1].
[[nodiscard]] std::optional<double> quantile(std::span<const double> values, double q);
// sorted[floor(q * n)], the last element at most: the percentile of the perf method. nullopt as above.
[[nodiscard]] std::optional<double> floor_percentile(std::span<const double> values, double q);
// Sample standard deviation (n - 1). nullopt below 2 values.
[[nodiscard]] std::optional<double> standard_deviation(std::span<const double> values);
// Median of |x - median|, unscaled. nullopt when empty.
[[nodiscard]] std::optional<double> mad(std::span<const double> values);
inline constexpr double kMadToSd = 1.4826;  // makes it the standard deviation of a normal sample
// Mean of the floor(n / 4) least values. nullopt below 4 values.
[[nodiscard]] std::optional<double> fastest_quarter_mean(std::span<const double> values);

// Distribution-free intervals [x_(l), x_(u)] by order statistics: coverage is P(l <= Bin(n, q) < u) whatever the
// distribution, for independent values. The narrowest rank pair around q with at least `level`; nullopt when even the
// whole range has less: below quantile_min_n.
[[nodiscard]] std::optional<Interval> median_interval(std::span<const double> values, double level);
[[nodiscard]] std::optional<Interval> quantile_interval(std::span<const double> values, double q, double level);
// Fewest values for which quantile_interval exists: 6 for the median at 95 %, 59 for p95, 299 for p99.
// 0 < q < 1 and 0 < level < 1, else nullopt.
[[nodiscard]] std::optional<std::int64_t> quantile_min_n(double q, double level);

}  // namespace mia::stats
