// SPDX-License-Identifier: MIT
#include "stats/competitors.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "stats/distributions.h"
#include "stats/paired.h"
#include "stats/summary.h"

namespace mia::stats {
namespace {

constexpr std::size_t kExactRanks = 20;

Claim by_sign(double difference) {
  return difference > 0 ? Claim::slower : Claim::faster;
}

struct Ranking {
  double u = 0;     // pairs in which b is above a, ties one half
  double ties = 0;  // sum of t^3 - t over groups of equal values
};

Ranking rank(std::span<const double> a, std::span<const double> b) {
  std::vector<double> all(a.begin(), a.end());
  all.insert(all.end(), b.begin(), b.end());
  std::ranges::sort(all);
  Ranking ranking;
  for (std::size_t i = 0; i < all.size();) {
    const auto end = std::upper_bound(all.begin() + static_cast<std::ptrdiff_t>(i), all.end(), all[i]);
    const auto next = static_cast<std::size_t>(end - all.begin());
    const auto equal = static_cast<double>(next - i);
    ranking.ties += equal * equal * equal - equal;
    i = next;
  }
  for (const double x : a) {
    for (const double y : b) {
      ranking.u += y > x ? 1 : (y == x ? 0.5 : 0);
    }
  }
  return ranking;
}

// P(U <= u) of the null distribution by counting: ways[i][j][u] = ways[i-1][j][u-j] + ways[i][j-1][u].
double exact_lower(std::size_t n, std::size_t m, std::size_t u) {
  std::vector<std::vector<double>> ways(m + 1, std::vector<double>(n * m + 1, 0));
  for (auto& row : ways) {
    row[0] = 1;
  }
  for (std::size_t i = 1; i <= n; ++i) {
    for (std::size_t j = 1; j <= m; ++j) {
      // ways[j] still holds i - 1 values of a, ways[j - 1] already i.
      for (std::size_t k = n * m + 1; k-- > 0;) {
        ways[j][k] = (k >= j ? ways[j][k - j] : 0) + ways[j - 1][k];
      }
    }
  }
  double below = 0;
  double all = 0;
  for (std::size_t k = 0; k <= n * m; ++k) {
    all += ways[m][k];
    below += k <= u ? ways[m][k] : 0;
  }
  return below / all;
}

double normal_rank_p(double n, double m, const Ranking& ranking) {
  const double total = n + m;
  const double variance = n * m / 12 * (total + 1 - ranking.ties / (total * (total - 1)));
  const double distance = std::max(0.0, std::abs(ranking.u - n * m / 2) - 0.5);
  return variance > 0 ? std::min(1.0, 2 * normal_cdf(-distance / std::sqrt(variance))) : 1;
}

}  // namespace

Claim disjoint_deviations(std::span<const double> a, std::span<const double> b) {
  const auto sd_a = standard_deviation(a);
  const auto sd_b = standard_deviation(b);
  if (!sd_a || !sd_b) {
    return Claim::none;
  }
  const double difference = *mean(b) - *mean(a);
  return std::abs(difference) > *sd_a + *sd_b ? by_sign(difference) : Claim::none;
}

Claim ratio_excludes_one(std::span<const double> a, std::span<const double> b) {
  const auto sd_a = standard_deviation(a);
  const auto sd_b = standard_deviation(b);
  if (!sd_a || !sd_b || !(*mean(a) > 0) || !(*mean(b) > 0)) {
    return Claim::none;
  }
  const double ratio = *mean(b) / *mean(a);
  const double deviation = ratio * std::hypot(*sd_a / *mean(a), *sd_b / *mean(b));
  return std::abs(ratio - 1) > deviation ? by_sign(ratio - 1) : Claim::none;
}

Claim welch_claim(std::span<const double> a, std::span<const double> b, double alpha) {
  const auto result = welch_test(a, b);
  return result && result->p < alpha ? by_sign(result->estimate) : Claim::none;
}

Claim rank_claim(std::span<const double> a, std::span<const double> b, double alpha) {
  const auto p = mann_whitney_p(a, b);
  if (!p || *p >= alpha) {
    return Claim::none;
  }
  return by_sign(rank(a, b).u - static_cast<double>(a.size() * b.size()) / 2);
}

std::optional<double> mann_whitney_p(std::span<const double> a, std::span<const double> b) {
  if (a.empty() || b.empty()) {
    return std::nullopt;
  }
  const Ranking ranking = rank(a, b);
  const auto pairs = static_cast<double>(a.size() * b.size());
  if (ranking.ties > 0 || std::max(a.size(), b.size()) > kExactRanks) {
    return normal_rank_p(static_cast<double>(a.size()), static_cast<double>(b.size()), ranking);
  }
  const double smaller = std::min(ranking.u, pairs - ranking.u);
  return std::min(1.0, 2 * exact_lower(a.size(), b.size(), static_cast<std::size_t>(smaller)));
}

}  // namespace mia::stats
