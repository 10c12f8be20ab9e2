// SPDX-License-Identifier: MIT
#include "judge/gain.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "record/metrics.h"
#include "stats/summary.h"

namespace mia::judge {
namespace {

using record::CellReport;
using record::Report;

constexpr double kLevel = 0.95;

bool is_mode_of(const CellReport& cell, const CellReport& reference) {
  return mode_of(cell.point) == mode_of(reference.point);
}

// In each workload of the reference, its own first.
std::vector<Match> matches_of(const PartView& part, const CellReport& candidate) {
  std::vector<Match> matches;
  for (const CellReport* const reference : part.cells) {
    const CellReport* const cell = is_mode_of(*reference, part.first())
                                       ? find_at(*part.report, in_workload_of(candidate.point, reference->point))
                                       : nullptr;
    if (cell != nullptr) {
      matches.push_back({cell, reference});
    }
  }
  return matches;
}

bool loses_nowhere(const Report& report, const std::vector<Match>& matches, Repeats which) {
  return std::ranges::all_of(matches, [&](const Match& match) {
    return speed_ratio(report, *match.cell, *match.reference, which).value.value_or(-1) >= -kLeastGain;
  });
}

bool looks_better(const Report& report, const std::vector<Match>& matches, const SpeedRatio& ratio) {
  return ratio.value.value_or(0) >= kLeastGain && ratio.low.value_or(0) >= 0 &&
         loses_nowhere(report, matches, Repeats::planned);
}

GainState state_of(const Report& report, const Gain& gain) {
  const bool all_tried = std::ranges::all_of(gain.matches, [&](const Match& match) {
    return tried(report, *match.cell, gain.attempt) >= kFreshRepeats &&
           tried(report, *match.reference, gain.attempt) >= kFreshRepeats;
  });
  if (!all_tried) {
    return GainState::unconfirmed;
  }
  const bool holds = gain.fresh.low.value_or(0) > 0 && gain.fresh.value.value_or(0) >= kLeastGain &&
                     loses_nowhere(report, gain.matches, gain.attempt);
  return holds ? GainState::confirmed : GainState::refuted;
}

bool is_measured(const Report& report, const CellReport& cell, const SpeedRatio& ratio) {
  const bool failed = !cell.failure.empty() && !cell.outcomes.contains("cancelled");
  return ratio.pairs >= kLeastPairs || (failed && tried(report, cell, Repeats::planned) > 0);
}

// What the runtime made equal is one cell: the fastest stands for it.
void drop_equals(std::vector<Gain>& candidates) {
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const auto is_equal = [&](const Gain& other) { return !differs_in_effect(other.winner(), candidates[i].winner()); };
    const auto after = candidates.begin() + static_cast<std::ptrdiff_t>(i) + 1;
    candidates.erase(std::remove_if(after, candidates.end(), is_equal), candidates.end());
  }
}

// Cells that look better by the plan's own repeats, the fastest first.
std::vector<Gain> candidates_of(const PartView& part) {
  std::vector<Gain> candidates;
  Gain counts;
  const CellReport& reference = part.first();
  for (const CellReport* const cell : part.cells) {
    if (cell->requested.workload.name != reference.requested.workload.name || is_mode_of(*cell, reference) ||
        !differs_in_effect(*cell, reference)) {
      continue;
    }
    std::vector<Match> matches = matches_of(part, *cell);
    if (matches.empty() || matches.front().reference != &reference) {
      continue;
    }
    const SpeedRatio ratio = speed_ratio(*part.report, *cell, reference, Repeats::planned);
    ++counts.possible;
    counts.compared += ratio.pairs > 0 ? 1 : 0;
    counts.enough += is_measured(*part.report, *cell, ratio) ? 1 : 0;
    if (looks_better(*part.report, matches, ratio)) {
      Gain& gain = candidates.emplace_back();
      gain.matches = std::move(matches);
      gain.planned = ratio;
    }
  }
  std::ranges::stable_sort(candidates, std::greater<>(), [](const Gain& gain) { return *gain.planned.value; });
  drop_equals(candidates);
  if (candidates.empty()) {
    candidates.push_back(counts);
  }
  return candidates;
}

}  // namespace

SpeedRatio speed_ratio(const Report& report, const CellReport& cell, const CellReport& reference, Repeats which) {
  const record::Metric& speed = *record::find_metric("tokens_per_s");
  const auto others = counted(report, reference, which);
  std::vector<double> ratios;
  for (const record::Trial* const trial : counted(report, cell, which)) {
    const auto other = std::ranges::find(others, trial->repeat, &record::Trial::repeat);
    const auto mine = speed.of(*trial);
    const auto theirs = other == others.end() ? std::nullopt : speed.of(**other);
    if (mine && theirs && *theirs > 0) {
      ratios.push_back(*mine / *theirs - 1);
    }
  }
  SpeedRatio result;
  result.pairs = static_cast<std::int64_t>(ratios.size());
  result.faster = std::ranges::count_if(ratios, [](double ratio) { return ratio > 0; });
  result.slower = std::ranges::count_if(ratios, [](double ratio) { return ratio < 0; });
  result.value = stats::median(ratios);
  if (!ratios.empty()) {
    result.least = std::ranges::min(ratios);
  }
  if (const auto interval = stats::median_interval(ratios, kLevel)) {
    result.low = interval->low;
    result.high = interval->high;
  }
  return result;
}

Gain find_gain(const PartView& part) {
  std::vector<Gain> candidates = candidates_of(part);
  std::vector<const CellReport*> refuted;
  for (std::size_t i = 0;; ++i) {
    Gain& gain = candidates[i];
    if (gain.matches.empty()) {
      return gain;
    }
    const auto first = static_cast<std::int64_t>(i) * kFreshRepeats;
    gain.attempt = {false, first, first + kFreshRepeats};
    gain.refuted = refuted;
    gain.fresh = speed_ratio(*part.report, gain.winner(), gain.reference(), gain.attempt);
    gain.state = state_of(*part.report, gain);
    if (gain.state != GainState::refuted || i + 1 == std::min(kAttempts, candidates.size())) {
      return gain;
    }
    refuted.push_back(&gain.winner());
  }
}

}  // namespace mia::judge
