// SPDX-License-Identifier: MIT
#include "judge/gain.h"

#include <algorithm>

#include "record/metrics.h"
#include "stats/summary.h"

namespace mia::judge {
namespace {

using record::CellReport;
using record::Report;

constexpr double kLevel = 0.95;

// The same mode with the workload of another cell.
const CellReport* in_workload(const Report& report, const CellReport& mode, const CellReport& like) {
  record::Settings wanted = mode.requested;
  wanted.workload = like.requested.workload;
  const auto at = std::ranges::find_if(report.cells, [&](const CellReport& cell) {
    return cell.model == mode.model && cell.runtime == mode.runtime && same_request(cell.requested, wanted);
  });
  return at == report.cells.end() ? nullptr : &*at;
}

bool is_mode_of(const CellReport& cell, const CellReport& reference) {
  record::Settings settings = cell.requested;
  settings.workload = reference.requested.workload;
  return cell.model == reference.model && cell.runtime == reference.runtime &&
         same_request(settings, reference.requested);
}

// The reference's cells: its mode in each workload, its own first.
std::vector<const CellReport*> reference_cells(const Report& report) {
  std::vector<const CellReport*> cells;
  for (const CellReport& cell : report.cells) {
    if (is_mode_of(cell, report.cells.front())) {
      cells.push_back(&cell);
    }
  }
  return cells;
}

std::vector<Match> matches_of(const Report& report, const CellReport& candidate) {
  std::vector<Match> matches;
  for (const CellReport* const reference : reference_cells(report)) {
    if (const CellReport* const cell = in_workload(report, candidate, *reference)) {
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
  const bool tried = std::ranges::all_of(gain.matches, [&](const Match& match) {
    return fresh_tried(report, *match.cell) >= kFreshRepeats && fresh_tried(report, *match.reference) >= kFreshRepeats;
  });
  if (!tried) {
    return GainState::unconfirmed;
  }
  const bool holds = gain.fresh.low.value_or(0) > 0 && gain.fresh.value.value_or(0) >= kLeastGain &&
                     loses_nowhere(report, gain.matches, Repeats::fresh);
  return holds ? GainState::confirmed : GainState::refuted;
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

Gain find_gain(const Report& report) {
  Gain best;
  for (const CellReport& cell : report.cells) {
    const CellReport& reference = report.cells.front();
    if (cell.requested.workload.name != reference.requested.workload.name || is_mode_of(cell, reference) ||
        !differs_in_effect(cell, reference)) {
      continue;
    }
    std::vector<Match> matches = matches_of(report, cell);
    if (matches.empty() || matches.front().reference != &reference) {
      continue;
    }
    const SpeedRatio ratio = speed_ratio(report, cell, reference, Repeats::planned);
    best.compared += ratio.pairs > 0 ? 1 : 0;
    if (looks_better(report, matches, ratio) && (best.matches.empty() || *ratio.value > *best.planned.value)) {
      best.matches = std::move(matches);
      best.planned = ratio;
    }
  }
  if (!best.matches.empty()) {
    best.fresh = speed_ratio(report, best.winner(), best.reference(), Repeats::fresh);
    best.state = state_of(report, best);
  }
  return best;
}

}  // namespace mia::judge
