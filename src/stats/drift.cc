// SPDX-License-Identifier: MIT
#include "stats/drift.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "stats/distributions.h"
#include "stats/summary.h"

namespace mia::stats {
namespace {

struct Sums {
  double xx = 0;
  double xy = 0;
  double yy = 0;
};

struct Centre {
  double x = 0;
  double y = 0;
  double n = 0;
};

}  // namespace

std::optional<Drift> drift(std::span<const PlacedValue> values) {
  std::map<std::int64_t, Centre> centres;
  for (const PlacedValue& value : values) {
    Centre& centre = centres[value.group];
    centre.x += value.position;
    centre.y += value.value;
    centre.n += 1;
  }
  if (values.size() < centres.size() + 3) {
    return std::nullopt;
  }
  Sums sums;
  for (const PlacedValue& value : values) {
    const Centre& centre = centres[value.group];
    const double x = value.position - centre.x / centre.n;
    const double y = value.value - centre.y / centre.n;
    sums.xx += x * x;
    sums.xy += x * y;
    sums.yy += y * y;
  }
  if (!(sums.xx > 0 && sums.yy > 0)) {
    return std::nullopt;
  }
  const auto df = static_cast<double>(values.size() - centres.size());
  const double explained = std::min(1.0, sums.xy * sums.xy / (sums.xx * sums.yy));
  const double p = explained < 1 ? t_two_sided_p(std::sqrt(explained * (df - 1) / (1 - explained)), df - 1) : 0;
  return Drift{std::max(0.0, 1 - (1 - explained) * df / (df - 1)), p};
}

std::optional<Slope> slope(std::span<const double> x, std::span<const double> y) {
  if (x.size() != y.size() || x.size() < 3) {
    return std::nullopt;
  }
  const double x_mean = *mean(x);
  const double y_mean = *mean(y);
  Sums sums;
  for (std::size_t i = 0; i < x.size(); ++i) {
    sums.xx += (x[i] - x_mean) * (x[i] - x_mean);
    sums.xy += (x[i] - x_mean) * (y[i] - y_mean);
    sums.yy += (y[i] - y_mean) * (y[i] - y_mean);
  }
  if (!(sums.xx > 0)) {
    return std::nullopt;
  }
  const double value = sums.xy / sums.xx;
  const double unexplained = std::max(0.0, sums.yy - value * sums.xy);
  return Slope{value, std::sqrt(unexplained / static_cast<double>(x.size() - 2) / sums.xx)};
}

std::optional<double> ljung_box_p(std::span<const double> values, std::int64_t lags) {
  const auto n = static_cast<std::int64_t>(values.size());
  if (lags < 1 || lags >= n) {
    return std::nullopt;
  }
  const double centre = *mean(values);
  const auto product = [&](std::int64_t lag) {
    double sum = 0;
    for (auto i = static_cast<std::size_t>(lag); i < values.size(); ++i) {
      sum += (values[i] - centre) * (values[i - static_cast<std::size_t>(lag)] - centre);
    }
    return sum;
  };
  const double squares = product(0);
  if (!(squares > 0)) {
    return std::nullopt;
  }
  double q = 0;
  for (std::int64_t lag = 1; lag <= lags; ++lag) {
    const double r = product(lag) / squares;
    q += r * r / static_cast<double>(n - lag);
  }
  return chi_squared_upper(q * static_cast<double>(n) * static_cast<double>(n + 2), static_cast<double>(lags));
}

}  // namespace mia::stats
