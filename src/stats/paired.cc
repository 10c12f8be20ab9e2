// SPDX-License-Identifier: MIT
#include "stats/paired.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "stats/distributions.h"

namespace mia::stats {
namespace {

constexpr std::int64_t kRandomFlips = 10'000;
// Sums of the same numbers in another order differ by rounding: patterns that near count as equal.
constexpr double kTie = 1e-9;

double absolute_sum(std::span<const double> values) {
  return std::accumulate(values.begin(), values.end(), 0.0, [](double sum, double x) { return sum + std::abs(x); });
}

TResult t_result(double estimate, double standard_error, double df) {
  TResult result{estimate, standard_error, 0, df, 1};
  if (estimate != 0) {
    result.t = estimate / standard_error;
    result.p = t_two_sided_p(result.t, df);
  }
  return result;
}

// Sums of all subsets, ascending; the empty one gives 0.
std::vector<double> subset_sums(std::span<const double> values) {
  std::vector<double> sums = {0};
  for (const double value : values) {
    std::vector<double> with = sums;
    for (double& sum : with) {
      sum += value;
    }
    std::vector<double> merged(2 * sums.size());
    std::ranges::merge(sums, with, merged.begin());
    sums = std::move(merged);
  }
  return sums;
}

// Number of the 2^n subsets whose sum is at most `limit`. Each is one subset of either half, so 2 * 2^(n/2) sums do.
std::int64_t subsets_at_most(std::span<const double> values, double limit) {
  const std::vector<double> left = subset_sums(values.first(values.size() / 2));
  const std::vector<double> right = subset_sums(values.subspan(values.size() / 2));
  std::size_t fitting = right.size();
  std::int64_t count = 0;
  for (const double sum : left) {
    while (fitting > 0 && sum + right[fitting - 1] > limit) {
      --fitting;
    }
    count += static_cast<std::int64_t>(fitting);
  }
  return count;
}

// Flipping the signs of a subset with sum S gives total - 2 S. It is at least as extreme as a positive total when
// S <= 0 or when S >= total, and complements make these two equally many.
double exact_flip_p(std::span<const double> values) {
  const double total = std::accumulate(values.begin(), values.end(), 0.0);
  const double limit = (total - std::abs(total)) / 2 + kTie * absolute_sum(values);
  const auto extreme = static_cast<double>(subsets_at_most(values, limit));
  return std::min(1.0, std::ldexp(extreme, 1 - static_cast<int>(values.size())));
}

// Largest shift below the mean that leaves at most `rank` extreme subsets: where the test of `values` - shift still
// rejects.
double lower_end(std::span<const double> values, std::int64_t rank) {
  double rejected = std::ranges::min(values);
  double kept = *mean(values);
  std::vector<double> shifted(values.size());
  constexpr int kHalvings = 60;
  for (int i = 0; i < kHalvings; ++i) {
    const double middle = rejected + (kept - rejected) / 2;
    std::ranges::transform(values, shifted.begin(), [&](double value) { return value - middle; });
    (subsets_at_most(shifted, 0) <= rank ? rejected : kept) = middle;
  }
  return rejected;
}

double random_flip_p(std::span<const double> values, Random& random) {
  const double total = std::accumulate(values.begin(), values.end(), 0.0);
  const double seen = std::abs(total) - kTie * absolute_sum(values);
  std::int64_t extreme = 0;
  for (std::int64_t i = 0; i < kRandomFlips; ++i) {
    double sum = 0;
    for (const double value : values) {
      sum += random.coin() ? value : -value;
    }
    extreme += std::abs(sum) >= seen ? 1 : 0;
  }
  return static_cast<double>(extreme + 1) / static_cast<double>(kRandomFlips + 1);
}

}  // namespace

double percent(double log_ratio) {
  return 100 * std::expm1(log_ratio);
}

std::optional<TResult> t_test(std::span<const double> values) {
  const auto sd = standard_deviation(values);
  if (!sd) {
    return std::nullopt;
  }
  const auto n = static_cast<double>(values.size());
  return t_result(*mean(values), *sd / std::sqrt(n), n - 1);
}

std::optional<WithoutOrder> without_order(std::span<const double> values, const std::vector<bool>& first) {
  constexpr std::ptrdiff_t kOfEach = 2;
  const std::ptrdiff_t firsts = std::ranges::count(first, true);
  if (values.size() < 3 || values.size() != first.size() || firsts < kOfEach || std::ssize(values) - firsts < kOfEach) {
    return std::nullopt;
  }
  std::vector<double> sides[2];
  for (std::size_t i = 0; i < values.size(); ++i) {
    sides[first[i] ? 1 : 0].push_back(values[i]);
  }
  const double effect = (*mean(sides[1]) - *mean(sides[0])) / 2;
  WithoutOrder rest;
  for (std::size_t i = 0; i < values.size(); ++i) {
    rest.values.push_back(values[i] - (first[i] ? effect : -effect));
  }
  const auto n = static_cast<double>(values.size());
  const double centre = *mean(rest.values);
  const double stretch = std::sqrt((n - 1) / (n - 2));
  for (double& value : rest.values) {
    value = centre + stretch * (value - centre);
  }
  const double place = (2 * static_cast<double>(firsts) - n) / n;  // mean of the orders
  const double sd = *standard_deviation(rest.values);
  rest.test = t_result(centre, sd * std::sqrt(1 / n + place * place / (n * (1 - place * place))), n - 2);
  return rest;
}

std::optional<TResult> welch_test(std::span<const double> a, std::span<const double> b) {
  const auto sd_a = standard_deviation(a);
  const auto sd_b = standard_deviation(b);
  if (!sd_a || !sd_b) {
    return std::nullopt;
  }
  const auto n_a = static_cast<double>(a.size());
  const auto n_b = static_cast<double>(b.size());
  const double part_a = *sd_a * *sd_a / n_a;
  const double part_b = *sd_b * *sd_b / n_b;
  const double squared = part_a + part_b;
  const double df =
      squared > 0 ? squared * squared / (part_a * part_a / (n_a - 1) + part_b * part_b / (n_b - 1)) : n_a + n_b - 2;
  return t_result(*mean(b) - *mean(a), std::sqrt(squared), df);
}

Interval t_interval(const TResult& result, double level) {
  const double half = t_quantile(0.5 + level / 2, result.df) * result.standard_error;
  return {result.estimate - half, result.estimate + half, level};
}

double sign_flip_p(std::span<const double> values, Random& random) {
  if (values.empty()) {
    return 1;
  }
  return values.size() <= kExactFlips ? exact_flip_p(values) : random_flip_p(values, random);
}

std::optional<Interval> sign_flip_interval(std::span<const double> values, double alpha) {
  if (values.empty() || values.size() > kExactFlips) {
    return std::nullopt;
  }
  const double patterns = std::ldexp(1.0, static_cast<int>(values.size()));
  const auto rank = static_cast<std::int64_t>(std::floor(alpha * patterns / 2 + kTie));
  if (rank < 1) {
    return std::nullopt;
  }
  std::vector<double> mirrored(values.size());
  std::ranges::transform(values, mirrored.begin(), [](double value) { return -value; });
  return Interval{lower_end(values, rank), -lower_end(mirrored, rank), 1 - 2 * static_cast<double>(rank) / patterns};
}

std::optional<double> lag1_autocorrelation(std::span<const double> values) {
  if (values.size() < 3) {
    return std::nullopt;
  }
  const double centre = *mean(values);
  double squares = 0;
  double products = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    squares += (values[i] - centre) * (values[i] - centre);
    products += i > 0 ? (values[i] - centre) * (values[i - 1] - centre) : 0;
  }
  return squares > 0 ? std::optional(products / squares) : std::nullopt;
}

double smallest_detectable(double sd, std::int64_t n, double p, double power) {
  const auto df = static_cast<double>(n - 1);
  return noncentrality_for(t_quantile(1 - p / 2, df), df, power) * sd / std::sqrt(static_cast<double>(n));
}

std::int64_t values_needed(double sd, double effect, double p, double power) {
  std::int64_t low = 1;
  std::int64_t high = 1'000'000;
  while (high - low > 1) {
    const std::int64_t middle = low + (high - low) / 2;
    (smallest_detectable(sd, middle, p, power) > effect ? low : high) = middle;
  }
  return high;
}

}  // namespace mia::stats
