// SPDX-License-Identifier: MIT
// Which cell is better than the reference (the first one), and whether that may be said. The best of many cells is
// lucky by selection, so only fresh repeats of it and of the reference, interleaved, decide.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "judge/cells.h"
#include "record/report.h"

namespace mia::judge {

inline constexpr double kLeastGain = 0.03;        // fraction worth a recommendation
inline constexpr std::int64_t kFreshRepeats = 6;  // pairs: their whole range covers the median with 96.9 %
// The best cell and, where fresh repeats refute it, the next: by chance alone six pairs of equal cells all point one
// way in 1.6 %, so two attempts claim a gain that is none in 3.1 % at most.
inline constexpr std::size_t kAttempts = 2;
inline constexpr std::int64_t kLeastPairs = 3;  // fewer say nothing of a cell that does not look better

// tokens_per_s of one cell over another, minus 1, from repeats of equal numbers.
struct SpeedRatio {
  std::optional<double> value;  // median
  std::optional<double> low;    // distribution-free 95 % interval; nullopt below six pairs
  std::optional<double> high;
  std::optional<double> least;  // over the pairs
  std::int64_t pairs = 0;
  std::int64_t faster = 0;  // of them, in which the cell was the faster
  std::int64_t slower = 0;
};
[[nodiscard]] SpeedRatio speed_ratio(const record::Report& report, const record::CellReport& cell,
                                     const record::CellReport& reference, Repeats which);

// A cell and what it is held against: in the reference's workload first, then in the others.
struct Match {
  const record::CellReport* cell = nullptr;
  const record::CellReport* reference = nullptr;
};

enum class GainState {
  none,         // nothing looks better
  unconfirmed,  // looks better, fresh repeats are missing
  refuted,      // fresh repeats do not bear it out
  confirmed,
};

struct Gain {
  GainState state = GainState::none;
  std::int64_t possible = 0;   // other settings that took effect
  std::int64_t compared = 0;   // of them with a pair with the reference
  std::int64_t enough = 0;     // of them with kLeastPairs, or that failed by themselves
  std::vector<Match> matches;  // of the candidate, all workloads; empty for none
  SpeedRatio planned;          // in the first workload
  SpeedRatio fresh;
  Repeats attempt;                                 // the fresh repeats that decide of it
  std::vector<const record::CellReport*> refuted;  // better ones by the plan's repeats, tried before it

  [[nodiscard]] const record::CellReport& winner() const { return *matches.front().cell; }
  [[nodiscard]] const record::CellReport& reference() const { return *matches.front().reference; }
};

// Among the cells with the reference's workload and other settings that took effect or another model. A candidate gains
// at least kLeastGain in that workload and loses no more than that in any other; equal in effect to a faster one it is
// none. Of several the fastest that is not
// refuted; the last one tried where all are.
[[nodiscard]] Gain find_gain(const PartView& part);

}  // namespace mia::judge
