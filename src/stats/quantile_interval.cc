// SPDX-License-Identifier: MIT
// Apart from the plain figures of summary.cc, which workers are compiled with: these need Boost's distributions.
#include <algorithm>
#include <cmath>
#include <vector>

#include "stats/distributions.h"
#include "stats/summary.h"

namespace mia::stats {
namespace {

// P(low <= Bin(n, q) < high): coverage of [x_(low), x_(high)], ranks from 1.
double coverage(std::int64_t low, std::int64_t high, std::int64_t n, double q) {
  return binomial_cdf(high - 1, n, q) - binomial_cdf(low - 1, n, q);
}

// Coverage of the whole range, which is the most that n values can give.
double range_coverage(std::int64_t n, double q) {
  return 1 - std::pow(q, static_cast<double>(n)) - std::pow(1 - q, static_cast<double>(n));
}

}  // namespace

std::optional<Interval> median_interval(std::span<const double> values, double level) {
  return quantile_interval(values, 0.5, level);
}

std::optional<Interval> quantile_interval(std::span<const double> values, double q, double level) {
  const auto least = quantile_min_n(q, level);
  const auto n = static_cast<std::int64_t>(values.size());
  if (!least || n < *least) {
    return std::nullopt;
  }
  // Grow around the quantile's own rank, always on the side that adds more coverage: the shortest pair of ranks.
  std::int64_t low = std::clamp(static_cast<std::int64_t>(q * static_cast<double>(n)), std::int64_t{1}, n - 1);
  std::int64_t high = low + 1;
  while (coverage(low, high, n, q) < level) {
    const double gain_low = low > 1 ? coverage(low - 1, low, n, q) : -1;
    const double gain_high = high < n ? coverage(high, high + 1, n, q) : -1;
    if (gain_low < 0 && gain_high < 0) {
      return std::nullopt;
    }
    gain_low >= gain_high ? --low : ++high;
  }
  std::vector<double> ordered(values.begin(), values.end());
  std::ranges::sort(ordered);
  return Interval{ordered[static_cast<std::size_t>(low - 1)], ordered[static_cast<std::size_t>(high - 1)],
                  coverage(low, high, n, q)};
}

std::optional<std::int64_t> quantile_min_n(double q, double level) {
  if (!(q > 0 && q < 1 && level > 0 && level < 1)) {
    return std::nullopt;
  }
  // The rarer side alone bounds n from below; the other side adds at most a few.
  const double rarer = std::max(q, 1 - q);
  auto n = static_cast<std::int64_t>(std::ceil(std::log1p(-level) / std::log(rarer) - 1e-9));
  n = std::max<std::int64_t>(n, 2);
  while (range_coverage(n, q) < level) {
    ++n;
  }
  return n;
}

}  // namespace mia::stats
