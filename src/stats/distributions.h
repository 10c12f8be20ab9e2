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
// The noncentrality with which a noncentral t exceeds `t` with probability `power`: how large a true effect must be, in
// standard errors, to be found so often by a test whose critical value is `t`. By the normal approximation of Johnson
// and Welch (1940), 1.3 % too small at 4 degrees of freedom and 95 %, 0.1 % at 19.
[[nodiscard]] double noncentrality_for(double t, double df, double power);
[[nodiscard]] double chi_squared_upper(double x, double df);  // P(X >= x)

}  // namespace mia::stats
