// SPDX-License-Identifier: MIT
#include "stats/summary.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

namespace mia::stats {
namespace {

std::vector<double> sorted(std::span<const double> values) {
  std::vector<double> copy(values.begin(), values.end());
  std::ranges::sort(copy);
  return copy;
}

bool is_share(double q) {
  return q >= 0 && q <= 1;
}

double sum(std::span<const double> values) {
  return std::accumulate(values.begin(), values.end(), 0.0);
}

double type_seven(std::span<const double> ordered, double q) {
  const double place = q * static_cast<double>(ordered.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const std::size_t above = std::min(below + 1, ordered.size() - 1);
  return ordered[below] + (place - static_cast<double>(below)) * (ordered[above] - ordered[below]);
}

}  // namespace

std::optional<double> mean(std::span<const double> values) {
  if (values.empty()) {
    return std::nullopt;
  }
  return sum(values) / static_cast<double>(values.size());
}

std::optional<double> median(std::span<const double> values) {
  return quantile(values, 0.5);
}

std::optional<double> quantile(std::span<const double> values, double q) {
  if (values.empty() || !is_share(q)) {
    return std::nullopt;
  }
  return type_seven(sorted(values), q);
}

std::optional<double> floor_percentile(std::span<const double> values, double q) {
  if (values.empty() || !is_share(q)) {
    return std::nullopt;
  }
  const auto index = static_cast<std::size_t>(std::floor(q * static_cast<double>(values.size())));
  return sorted(values)[std::min(index, values.size() - 1)];
}

std::optional<double> standard_deviation(std::span<const double> values) {
  if (values.size() < 2) {
    return std::nullopt;
  }
  const double centre = *mean(values);
  double squares = 0;
  for (const double value : values) {
    squares += (value - centre) * (value - centre);
  }
  return std::sqrt(squares / static_cast<double>(values.size() - 1));
}

std::optional<double> mad(std::span<const double> values) {
  const auto centre = median(values);
  if (!centre) {
    return std::nullopt;
  }
  std::vector<double> distances;
  for (const double value : values) {
    distances.push_back(std::abs(value - *centre));
  }
  return median(distances);
}

std::optional<double> fastest_quarter_mean(std::span<const double> values) {
  const std::vector<double> ordered = sorted(values);
  return mean(std::span(ordered).first(ordered.size() / 4));
}

}  // namespace mia::stats
