// SPDX-License-Identifier: MIT
// Draws for simulations, the same on every machine up to the last digits of the quantile function.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "stats/distributions.h"
#include "stats/random.h"

namespace mia::stats {

inline double draw_normal(Random& random) {
  return normal_quantile(std::max(1e-15, random.uniform()));
}

// Student's t with 3 degrees of freedom scaled to variance 1: heavy tails.
inline double draw_heavy(Random& random) {
  return t_quantile(std::clamp(random.uniform(), 1e-12, 1 - 1e-12), 3) / std::sqrt(3.0);
}

inline double draw_exponential(Random& random) {
  return -std::log1p(-random.uniform());
}

inline std::vector<double> draw_normals(Random& random, std::size_t count) {
  std::vector<double> values;
  for (std::size_t i = 0; i < count; ++i) {
    values.push_back(draw_normal(random));
  }
  return values;
}

}  // namespace mia::stats
