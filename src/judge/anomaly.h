// SPDX-License-Identifier: MIT
// A mode that is clearly off its neighbours: along an ordered axis (n_gpu_layers 0, 6, 12, all) one value is slower
// than both beside it. Speed may rise, fall or peak along an axis, but a dip has no such reason. One observation proves
// nothing on a noisy machine, so a dip is only suspected until fresh repeats confirm it.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "record/metrics.h"

namespace mia::judge {

struct AxisPoint {
  std::string label;           // "n_gpu_layers=12"
  std::vector<double> values;  // repeats of one metric, positive
};

struct AnomalyOptions {
  double least_gap = 0.10;   // fraction worse than the worse neighbour
  double sigmas = 3;         // and this many standard errors
  double assumed_sd = 0.05;  // of ln, where a point has fewer than 3 repeats
  record::Better better = record::Better::higher;
};

struct Suspect {
  std::size_t index = 0;
  std::string label;
  double gap = 0;  // ln: how much worse than the worse neighbour (positive)
  std::string text;
};

// In the order of the axis; end points have one neighbour only and are never suspected. A point without usable values
// is passed over: its neighbours become neighbours.
[[nodiscard]] std::vector<Suspect> find_suspects(std::span<const AxisPoint> axis, const AnomalyOptions& options = {});

enum class SecondLook { confirmed, dismissed, needs_repeats };
[[nodiscard]] std::string_view name_of(SecondLook look);

// Fresh repeats (interleaved, without those that raised the suspicion) of the suspect and of the neighbours that it was
// held against. Confirmed: with at least 3 of each, still worse by half of least_gap or more in the median, and every
// repeat worse than every neighbour's or Mann-Whitney p <= 5 %. Fewer: needs_repeats.
[[nodiscard]] SecondLook confirm(const AxisPoint& suspect, std::span<const AxisPoint> neighbours,
                                 const AnomalyOptions& options = {});

}  // namespace mia::judge
