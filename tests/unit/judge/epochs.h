// SPDX-License-Identifier: MIT
// Epochs of a comparison from wanted differences.
#pragma once

#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

#include "judge/paired_test.h"
#include "stats/distributions.h"
#include "stats/random.h"

namespace mia::judge {

// ln(b / a) of the three statistics of one epoch.
struct Differences {
  double speed = 0;
  double whole = 0;
  double p95 = 0;
};

using record::Comparison;
using record::StatisticResult;
using record::Verdict;

inline PairFigures pair_of(const Differences& d, std::size_t tokens = 60) {
  PairFigures pair;
  pair.a = {10, 700, std::vector<double>(tokens, 11)};
  pair.b = {10 * std::exp(d.speed), 700 * std::exp(d.whole), std::vector<double>(tokens, 11 * std::exp(d.p95))};
  return pair;
}

inline EpochFigures epoch_of(const Differences& d, std::size_t pairs = 1) {
  EpochFigures epoch;
  epoch.pairs.assign(pairs, pair_of(d));
  return epoch;
}

inline EpochFigures swapped(EpochFigures epoch) {
  for (PairFigures& pair : epoch.pairs) {
    std::swap(pair.a, pair.b);
  }
  return epoch;
}

inline record::Comparison found_by(const PairedTest& test) {
  record::Comparison comparison;
  test.describe(comparison);
  return comparison;
}

inline double normal(stats::Random& random) {
  return stats::normal_quantile(std::max(1e-15, random.uniform()));
}

// Student's t with 3 degrees of freedom, variance 1.
inline double heavy(stats::Random& random) {
  return stats::t_quantile(std::clamp(random.uniform(), 1e-12, 1 - 1e-12), 3) / std::sqrt(3.0);
}

}  // namespace mia::judge
