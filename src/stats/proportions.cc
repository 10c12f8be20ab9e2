// SPDX-License-Identifier: MIT
#include "stats/proportions.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "stats/distributions.h"

namespace mia::stats {

std::optional<Interval> proportion_interval(std::int64_t hits, std::int64_t trials, double level) {
  if (trials <= 0 || hits < 0 || hits > trials) {
    return std::nullopt;
  }
  const double tail = (1 - level) / 2;
  const auto k = static_cast<double>(hits);
  const auto n = static_cast<double>(trials);
  return Interval{hits == 0 ? 0 : beta_quantile(tail, k, n - k + 1),
                  hits == trials ? 1 : beta_quantile(1 - tail, k + 1, n - k), level};
}

std::optional<double> uniform_p(std::span<const double> values) {
  if (values.empty()) {
    return std::nullopt;
  }
  std::vector<double> ordered(values.begin(), values.end());
  std::ranges::sort(ordered);
  const auto n = static_cast<double>(ordered.size());
  double distance = 0;
  for (std::size_t i = 0; i < ordered.size(); ++i) {
    const auto rank = static_cast<double>(i);
    distance = std::max({distance, ordered[i] - rank / n, (rank + 1) / n - ordered[i]});
  }
  const double lambda = (std::sqrt(n) + 0.12 + 0.11 / std::sqrt(n)) * distance;
  // The alternating series converges badly for small lambda, where p is 1 to all digits anyway.
  if (lambda < 0.2) {
    return 1.0;
  }
  double p = 0;
  for (int k = 1; k <= 100; ++k) {
    p += (k % 2 == 1 ? 2 : -2) * std::exp(-2.0 * k * k * lambda * lambda);
  }
  return std::clamp(p, 0.0, 1.0);
}

}  // namespace mia::stats
