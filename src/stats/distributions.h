// SPDX-License-Identifier: MIT
// The few distributions that the tests need, so that Boost.Math is included in one file only.
#pragma once

#include <cstdint>

namespace mia::stats {

[[nodiscard]] double normal_cdf(double z);
[[nodiscard]] double normal_quantile(double p);  // 0 < p < 1
// Student's t with `df` > 0 degrees of freedom.
[[nodiscard]] double t_quantile(double p, double df);     // 0 < p < 1
[[nodiscard]] double t_two_sided_p(double t, double df);  // P(|T| >= |t|)
// P(Bin(n, p) <= k); 0 for k < 0, 1 for k >= n.
[[nodiscard]] double binomial_cdf(std::int64_t k, std::int64_t n, double p);
[[nodiscard]] double beta_quantile(double p, double a, double b);
[[nodiscard]] double chi_squared_upper(double x, double df);  // P(X >= x)

}  // namespace mia::stats
