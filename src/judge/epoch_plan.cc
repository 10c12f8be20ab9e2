// SPDX-License-Identifier: MIT
// The variance of an epoch's value is between^2 + pi/2 within^2 / m: it is the median of m pairs. n epochs of m pairs
// cost n (start + m pair), and a t interval of n of them is t sqrt(variance / n) wide to either side (after Kalibera
// and Jones 2013, who have no t: with few epochs it decides).
#include "judge/epoch_plan.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "stats/distributions.h"
#include "stats/summary.h"

namespace mia::judge {
namespace {

constexpr double kSpareTime = 1.25;
constexpr std::int64_t kComfortableEpochs = 8;
constexpr double kWantedWidth = 0.6;      // half of an interval's, in margins
constexpr double kWidthQuantile = 0.982;  // of the t that makes it
constexpr double kNearlyAsNarrow = 1.05;  // is enough where the wanted is out of reach: pairs cost time
constexpr std::int64_t kUnreachable = 1000;
constexpr double kStalls = 2;  // standard deviation of pairs in those that their median step tells
// Of the variance within: two spreads of few values are never known to differ by more.
constexpr double kLeastBetween = 0.03;

// Half of an interval's width in standard deviations of epochs; infinite where that is not known.
double half_width(std::int64_t epochs) {
  static const std::vector<double> known = [] {
    std::vector<double> widths(kFewestEpochs, std::numeric_limits<double>::infinity());
    for (auto n = static_cast<double>(kFewestEpochs); n <= static_cast<double>(kUnreachable); ++n) {
      widths.push_back(stats::t_quantile(kWidthQuantile, n - 1) / std::sqrt(n));
    }
    return widths;
  }();
  return known[static_cast<std::size_t>(std::min(epochs, kUnreachable))];
}

std::int64_t epochs_for(double sd, double half) {
  std::int64_t low = kFewestEpochs - 1;
  std::int64_t high = kUnreachable;
  while (high - low > 1) {
    const std::int64_t middle = low + (high - low) / 2;
    (sd * half_width(middle) <= half ? high : low) = middle;
  }
  return high;
}

std::int64_t whole_count(double count) {
  return static_cast<std::int64_t>(std::clamp(std::floor(count), 0.0, 1e6));
}

}  // namespace

double EpochSpread::of_epoch(std::int64_t pairs) const {
  return std::hypot(between, within * std::sqrt(std::numbers::pi / 2 / static_cast<double>(pairs)));
}

double EpochSpread::share_between(std::int64_t pairs) const {
  const double all = of_epoch(pairs);
  return all > 0 ? between * between / (all * all) : 0;
}

std::optional<EpochSpread> spread_of(std::span<const std::vector<double>> pairs, std::span<const double> epochs) {
  const auto sd = stats::standard_deviation(epochs);
  if (!sd || pairs.empty()) {
    return std::nullopt;
  }
  std::vector<double> steps;
  double inverse_counts = 0;
  for (const std::vector<double>& epoch : pairs) {
    inverse_counts += 1 / static_cast<double>(epoch.size());
    for (std::size_t i = 1; i < epoch.size(); ++i) {
      steps.push_back(std::abs(epoch[i] - epoch[i - 1]));
    }
  }
  EpochSpread spread;
  spread.within = stats::median(steps).value_or(0) * stats::kMadToSd / std::numbers::sqrt2;
  const double of_pairs = spread.within * spread.within;
  const double explained = std::numbers::pi / 2 * of_pairs * inverse_counts / static_cast<double>(pairs.size());
  double squares = 0;
  for (const double step : steps) {
    squares += step * step;
  }
  spread.stalls = squares > 2 * kStalls * kStalls * of_pairs * static_cast<double>(steps.size());
  spread.between = std::sqrt(std::max(*sd * *sd - explained, kLeastBetween * of_pairs));
  return spread;
}

double planned_s(const EpochCosts& costs, std::int64_t pairs, std::int64_t epochs) {
  return kSpareTime * static_cast<double>(epochs) * costs.epoch_s(pairs);
}

std::int64_t pairs_within(const EpochCosts& costs, double seconds, std::int64_t epochs) {
  const double each_s = seconds / (kSpareTime * static_cast<double>(epochs));
  return costs.pair_s > 0 ? whole_count((each_s - costs.start_s) / costs.pair_s) : kMostPairs;
}

std::int64_t most_pairs(const EpochCosts& costs, const TimeLeft& left) {
  const auto missing = [&](std::int64_t epochs) { return std::max<std::int64_t>(1, epochs - left.epochs); };
  // Eight need nothing to spare: they may become five.
  std::int64_t most = pairs_within(costs, kSpareTime * left.seconds, missing(kComfortableEpochs));
  if (most < kFewestPairs) {
    most = pairs_within(costs, left.seconds, missing(kFewestEpochs));
  }
  return std::clamp<std::int64_t>(most, 1, kMostPairs);
}

std::int64_t plan_pairs(const EpochCosts& costs, const EpochSpread& spread, double margin, const EpochBounds& bounds) {
  struct Candidate {
    double width = 0;  // half of it, when all is over
    double seconds = 0;
    std::int64_t pairs = 1;
  };
  const double wanted = kWantedWidth * std::log1p(margin);
  std::vector<Candidate> candidates;
  double narrowest = std::numeric_limits<double>::infinity();
  for (std::int64_t pairs = std::min(spread.stalls ? kFirstPairs : kFewestPairs, bounds.pairs); pairs <= bounds.pairs;
       ++pairs) {
    const double sd = spread.of_epoch(pairs);
    const double epoch_s = costs.epoch_s(pairs);
    std::int64_t reached = bounds.epochs;
    if (bounds.left && epoch_s > 0) {
      reached = std::min(reached, bounds.left->epochs + whole_count(bounds.left->seconds / epoch_s));
    }
    const double width = sd > 0 ? sd * half_width(reached) : 0;
    narrowest = std::min(narrowest, width);
    candidates.push_back({width, static_cast<double>(std::min(epochs_for(sd, wanted), reached)) * epoch_s, pairs});
  }
  const double enough = std::max(wanted, kNearlyAsNarrow * narrowest);
  std::erase_if(candidates, [&](const Candidate& one) { return one.width > enough; });
  return std::ranges::min(candidates, {}, &Candidate::seconds).pairs;
}

}  // namespace mia::judge
