// SPDX-License-Identifier: MIT
// How a comparison shares out its time: few pairs in many epochs, or many pairs in few. What epochs cost and how their
// values scatter decides, never what they say: the rule sees no mean, so it favours no verdict. Costs in seconds,
// spreads in ln.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace mia::judge {

inline constexpr std::int64_t kFewestEpochs = 5;  // before the first look
inline constexpr std::int64_t kFewestPairs = 3;   // of an epoch that can set disturbed pairs aside
inline constexpr std::int64_t kFirstPairs = 8;    // and where pairs stall: the median of three may be a stall
inline constexpr std::int64_t kMostPairs = 24;

struct EpochCosts {
  double start_s = 0;  // both processes anew and warmed up
  double pair_s = 0;   // one more pair
  [[nodiscard]] double epoch_s(std::int64_t pairs) const { return start_s + static_cast<double>(pairs) * pair_s; }
};

struct EpochSpread {
  double within = 0;                                        // standard deviation of an epoch's pairs
  double between = 0;                                       // of epochs, beyond what their pairs explain
  bool stalls = false;                                      // some pairs lie far from the others
  [[nodiscard]] double of_epoch(std::int64_t pairs) const;  // of the medians of so many pairs
  // Share of an epoch's variance that more pairs do not make smaller.
  [[nodiscard]] double share_between(std::int64_t pairs) const;
};
// By the pairs of each epoch in the order run, and the epochs' medians. Neighbours tell what pairs scatter by, and of
// their differences the median: a few stalls among them say nothing of the epochs' medians. nullopt below two epochs.
[[nodiscard]] std::optional<EpochSpread> spread_of(std::span<const std::vector<double>> pairs,
                                                   std::span<const double> epochs);

// Wall time of so many epochs, with a quarter to spare.
[[nodiscard]] double planned_s(const EpochCosts& costs, std::int64_t pairs, std::int64_t epochs);
// Most pairs with which so many epochs fit into `seconds` by planned_s; 0 where one is too many.
[[nodiscard]] std::int64_t pairs_within(const EpochCosts& costs, double seconds, std::int64_t epochs);

// What is left of a budget.
struct TimeLeft {
  double seconds = 0;
  std::int64_t epochs = 0;  // done
};
// Pairs that leave time for eight epochs in all; where those were fewer than kFewestPairs, for five; one at least.
[[nodiscard]] std::int64_t most_pairs(const EpochCosts& costs, const TimeLeft& left);

struct EpochBounds {
  std::int64_t pairs = kMostPairs;
  std::int64_t epochs = 0;  // in all
  std::optional<TimeLeft> left;
};
// Of kFewestPairs (kFirstPairs where pairs stall) to the most pairs those that narrow the interval soonest to 0.6 of
// the margin; where none does within the epochs and the time that are left, the cheapest that come within 5 % of what
// can be had (docs/methodology.md).
[[nodiscard]] std::int64_t plan_pairs(const EpochCosts& costs, const EpochSpread& spread, double margin,
                                      const EpochBounds& bounds);

}  // namespace mia::judge
