// SPDX-License-Identifier: MIT
#include "stats/distributions.h"

#include <cmath>

#include <gtest/gtest.h>

namespace mia::stats {
namespace {

TEST(Distributions, MatchPrintedTables) {
  EXPECT_NEAR(normal_quantile(0.975), 1.959964, 1e-6);
  EXPECT_NEAR(normal_quantile(0.005), -2.575829, 1e-6);
  EXPECT_NEAR(normal_cdf(1.0), 0.841345, 1e-6);
  EXPECT_NEAR(t_quantile(0.975, 4), 2.776445, 1e-6);
  EXPECT_NEAR(t_quantile(0.995, 10), 3.169273, 1e-6);
  EXPECT_NEAR(t_quantile(0.05, 1), -6.313752, 1e-6);
  EXPECT_NEAR(t_two_sided_p(2.228139, 10), 0.05, 1e-6);
  EXPECT_NEAR(chi_squared_upper(3.841459, 1), 0.05, 1e-6);
  EXPECT_NEAR(chi_squared_upper(18.307038, 10), 0.05, 1e-6);
}

TEST(Distributions, QuantileOfTUndoesItsTail) {
  for (const double p : {0.5001, 0.6, 0.9, 0.99, 0.9995}) {
    EXPECT_NEAR(t_two_sided_p(t_quantile(p, 7), 7), 2 * (1 - p), 1e-9) << p;
    EXPECT_NEAR(t_quantile(1 - p, 7), -t_quantile(p, 7), 1e-9) << p;
  }
  EXPECT_EQ(t_quantile(0.5, 3), 0);
}

TEST(Distributions, NoncentralityOfAPower) {
  // Exact values of the noncentral t, at the two-sided 1 % of 5 and of 20 values.
  EXPECT_NEAR(noncentrality_for(t_quantile(0.995, 4), 4, 0.90), 6.769, 0.01);
  EXPECT_NEAR(noncentrality_for(t_quantile(0.995, 4), 4, 0.95), 7.521, 0.07);
  EXPECT_NEAR(noncentrality_for(t_quantile(0.995, 19), 19, 0.95), 4.639, 0.004);
}

TEST(Distributions, AnInfiniteTHasNoTail) {
  EXPECT_EQ(t_two_sided_p(INFINITY, 4), 0);
}

TEST(Distributions, BinomialIsACountOfHeads) {
  EXPECT_NEAR(binomial_cdf(2, 5, 0.5), 16.0 / 32, 1e-12);
  EXPECT_NEAR(binomial_cdf(0, 10, 0.1), std::pow(0.9, 10), 1e-12);
  EXPECT_EQ(binomial_cdf(-1, 5, 0.5), 0);
  EXPECT_EQ(binomial_cdf(5, 5, 0.5), 1);
}

}  // namespace
}  // namespace mia::stats
