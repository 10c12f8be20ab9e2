// SPDX-License-Identifier: MIT
// How often would the test have erred? Recorded epochs of two equal arms are judged again and again: consecutive epochs
// from a random place, each with its arms swapped by a fresh coin (valid because the recording's order was random and
// the arms equal), all times of B multiplied by the slowdown that is to be found. statistics.md §8c.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "judge/paired_test.h"
#include "stats/competitors.h"
#include "stats/summary.h"

namespace mia::judge {

struct ReplayOptions {
  PairedOptions test;
  double slowdown = 0;  // fraction by which B's times are multiplied
  double recorded = 0;  // fraction by which B was slower already when it was recorded: taken out before the coins
  bool coins = true;    // false: B differs in a way that no factor takes out (stalls), so its label stays
  std::int64_t draws = 1000;
  std::uint64_t seed = 1;
};

struct Share {
  std::int64_t hits = 0;
  std::int64_t of = 0;
  stats::Interval bounds;  // exact, 95 %

  [[nodiscard]] double value() const { return of > 0 ? static_cast<double>(hits) / static_cast<double>(of) : 0; }
};

struct ReplayResult {
  std::map<std::string, Share> verdicts;                        // of the whole comparison, by name
  std::map<std::string, std::map<std::string, Share>> figures;  // of each figure alone
  double mean_epochs = 0;
  double mean_pairs = 0;
  std::int64_t draws = 0;
};

// Usage error for options the test refuses; fewer than 5 epochs give none.
[[nodiscard]] Result<ReplayResult> replay(std::span<const EpochFigures> trace, const ReplayOptions& options);

// One comparison after the other along the recording, no epoch used twice and nothing swapped.
[[nodiscard]] Result<ReplayResult> replay_once(std::span<const EpochFigures> trace, const PairedOptions& test);

// How other tools would have judged: the runs in the order they were made, the first `runs` of a block as A, the next
// as B (as blocks are measured), blocks that share no run.
struct RivalResult {
  std::string rule;  // "llama-bench: mean ± sd do not touch"
  std::int64_t runs = 0;
  Share slower;
  Share any;  // faster or slower
};
[[nodiscard]] std::vector<RivalResult> rivals(std::span<const double> run_times, double slowdown);

// Are the coins and the epochs what the test takes them for?
struct TraceHealth {
  std::int64_t epochs = 0;
  std::int64_t pairs = 0;                   // in the epochs' values
  double run_cv = 0;                        // standard deviation of ln of the runs' speed figures, in order
  double pair_sd = 0;                       // of ln(b / a)
  double epoch_sd = 0;                      // of the epochs' medians
  std::optional<double> effect;             // mean of the epochs, ln
  std::optional<stats::Interval> interval;  // of it, 95 %, by t
  std::optional<double> independence_p;     // Ljung-Box of the epochs' values, lags 1 to 3
  std::int64_t disturbed = 0;               // pairs that count, set aside or not
  std::map<std::string, std::int64_t> voided;
};
[[nodiscard]] TraceHealth health_of(std::span<const EpochFigures> trace);

}  // namespace mia::judge
