// SPDX-License-Identifier: MIT
#include "stats/distributions.h"

#include <cmath>

#include <boost/math/special_functions/beta.hpp>
#include <boost/math/special_functions/erf.hpp>
#include <boost/math/special_functions/gamma.hpp>

namespace mia::stats {

namespace bm = boost::math;

double normal_cdf(double z) {
  return 0.5 * std::erfc(-z / std::sqrt(2.0));
}

double normal_quantile(double p) {
  return -std::sqrt(2.0) * bm::erfc_inv(2 * p);
}

double t_quantile(double p, double df) {
  // P(|T| >= t) = I_{df / (df + t^2)}(df / 2, 1 / 2); the inverse gives t for the smaller tail.
  const double tail = p < 0.5 ? p : 1 - p;
  if (tail >= 0.5) {
    return 0;
  }
  double complement = 0;
  const double x = bm::ibeta_inv(df / 2, 0.5, 2 * tail, &complement);
  const double t = std::sqrt(df * complement / x);
  return p < 0.5 ? -t : t;
}

double t_two_sided_p(double t, double df) {
  return std::isfinite(t) ? bm::ibeta(df / 2, 0.5, df / (df + t * t)) : 0;
}

double binomial_cdf(std::int64_t k, std::int64_t n, double p) {
  if (k < 0) {
    return 0;
  }
  if (k >= n) {
    return 1;
  }
  return bm::ibetac(static_cast<double>(k + 1), static_cast<double>(n - k), p);
}

double beta_quantile(double p, double a, double b) {
  return bm::ibeta_inv(a, b, p);
}

double noncentrality_for(double t, double df, double power) {
  return t * (1 - 1 / (4 * df)) + normal_quantile(power) * std::sqrt(1 + t * t / (2 * df));
}

double chi_squared_upper(double x, double df) {
  return x <= 0 ? 1 : bm::gamma_q(df / 2, x / 2);
}

}  // namespace mia::stats
