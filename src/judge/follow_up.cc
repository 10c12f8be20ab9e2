// SPDX-License-Identifier: MIT
#include "judge/follow_up.h"

#include <algorithm>

#include <fmt/format.h>

#include "judge/cells.h"
#include "judge/gain.h"
#include "judge/mode_anomaly.h"

namespace mia::judge {
namespace {

using record::CellReport;
using record::Report;

constexpr std::int64_t kAnomalyRepeats = 3;

// Adds what is not tried often enough yet, once.
void want(const Report& report, FollowUp& follow, Wanted wanted) {
  const CellReport* cell = find_cell(report, wanted.cell);
  if (cell != nullptr && !wanted.field.empty()) {
    cell = find_variant(report, *cell, wanted.field, wanted.value);
  }
  if (cell != nullptr && tried(report, *cell, {false, wanted.first, wanted.first + wanted.repeats}) >= wanted.repeats) {
    return;
  }
  const bool known = std::ranges::any_of(follow.wanted, [&](const Wanted& other) {
    return other.cell == wanted.cell && other.field == wanted.field && other.value == wanted.value;
  });
  if (!known) {
    follow.wanted.push_back(std::move(wanted));
  }
}

void want_pairs(const Report& report, const Gain& gain, FollowUp& follow) {
  for (const Match& match : gain.matches) {
    want(report, follow, {match.cell->key, "", "", kFreshRepeats, gain.attempt.from});
    want(report, follow, {match.reference->key, "", "", kFreshRepeats, gain.attempt.from});
  }
}

}  // namespace

FollowUp follow_anomalies(const Report& report) {
  FollowUp follow;
  for (const ModeAnomaly& anomaly : find_anomalies(report)) {
    const std::size_t before = follow.wanted.size();
    want(report, follow, {anomaly.cell, "", "", kAnomalyRepeats});
    for (const std::string& neighbour : anomaly.neighbours) {
      want(report, follow, {neighbour, "", "", kAnomalyRepeats});
    }
    if (follow.wanted.size() > before) {
      follow.why +=
          fmt::format("{}{}: measured again with its neighbours", follow.why.empty() ? "" : "; ", anomaly.text);
      continue;
    }
    if (second_look_at(report, anomaly) != SecondLook::confirmed) {
      continue;
    }
    for (const Alternative& other : alternatives_of(report, anomaly)) {
      want(report, follow, {anomaly.cell, other.field, other.value, kAnomalyRepeats});
    }
    if (follow.wanted.size() > before) {
      follow.why += fmt::format("{}{} is confirmed: trying what may be used instead", follow.why.empty() ? "" : "; ",
                                anomaly.label);
    }
  }
  return follow;
}

FollowUp follow_gain(const Report& report) {
  FollowUp follow;
  for (const PartView& part : parts_of(report)) {
    const Gain gain = may_recommend(part) ? find_gain(part) : Gain();
    if (gain.state == GainState::unconfirmed) {
      want_pairs(report, gain, follow);
      follow.why +=
          fmt::format("{}{} looks {:.0f} % faster than {}: both are measured again", follow.why.empty() ? "" : "; ",
                      label_of(gain.winner()), 100 * *gain.planned.value, label_of(gain.reference()));
    }
  }
  return follow;
}

}  // namespace mia::judge
