// SPDX-License-Identifier: MIT
// Paired comparison of two arms. Times are compared as d = ln(b) - ln(a): d > 0 means that B is slower, and drift that
// both runs of a pair share cancels. Values of one process are not independent, so the tests work on one value per
// epoch (both processes restarted), never on runs or tokens.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "stats/random.h"
#include "stats/summary.h"

namespace mia::stats {

[[nodiscard]] double percent(double log_ratio);  // 100 * (e^d - 1)

struct TResult {
  double estimate = 0;
  double standard_error = 0;
  double t = 0;  // 0 / 0 counts as 0
  double df = 0;
  double p = 1;  // two-sided
};
// One-sample t of the mean against 0. nullopt below 2 values.
[[nodiscard]] std::optional<TResult> t_test(std::span<const double> values);
// The mean once a common difference by order is taken out (least squares on +1 and -1): what is left of the values,
// stretched around their mean for the degree of freedom that this costs, and the t of the mean. `first[i]`: the order
// of value i. nullopt below 3 values or where fewer than two have either order.
struct WithoutOrder {
  std::vector<double> values;
  TResult test;
};
[[nodiscard]] std::optional<WithoutOrder> without_order(std::span<const double> values, const std::vector<bool>& first);
// mean(b) - mean(a) with unequal variances (Welch). nullopt when an arm has fewer than 2 values.
[[nodiscard]] std::optional<TResult> welch_test(std::span<const double> a, std::span<const double> b);
[[nodiscard]] Interval t_interval(const TResult& result, double level);

// With more values not all sign patterns are counted any more.
inline constexpr std::size_t kExactFlips = 20;
// Randomization test of the mean: share of the sign patterns whose |sum| is at least the one seen, two-sided. Exact
// under A = B by the design's coins, whatever drift and tails. Up to kExactFlips values all 2^n patterns, above
// 10,000 random ones with one added. 1 when empty.
[[nodiscard]] double sign_flip_p(std::span<const double> values, Random& random);
// All shifts that the exact two-sided test does not reject at p <= alpha: ends are means of subsets (Hartigan
// 1969), and it excludes 0 exactly when sign_flip_p <= alpha. nullopt above kExactFlips values or
// where no pattern is that rare (alpha < 2 / 2^n).
[[nodiscard]] std::optional<Interval> sign_flip_interval(std::span<const double> values, double alpha);

// Correlation of neighbours. nullopt below 3 values or without variance.
[[nodiscard]] std::optional<double> lag1_autocorrelation(std::span<const double> values);

// Smallest effect that a two-sided t test at `p` finds with probability `power` in n values of this standard deviation,
// by the noncentral t. n >= 2. With a standard deviation that is itself estimated from few values the real power is
// lower: some 65 to 89 % for 95 % at 5 to 20 values (simulated).
[[nodiscard]] double smallest_detectable(double sd, std::int64_t n, double p, double power);
// Fewest values (2 to 1,000,000) with which the same test finds `effect` > 0.
[[nodiscard]] std::int64_t values_needed(double sd, double effect, double p, double power);

}  // namespace mia::stats
