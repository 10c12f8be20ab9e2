// SPDX-License-Identifier: MIT
// What must be measured again before it may be said. Asked after a plan, and again after each answer, until it wants
// nothing more.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "record/report.h"

namespace mia::judge {

// Fresh repeats of one cell: of `cell` itself, or of the cell that differs from it by `field` = `value`.
struct Wanted {
  std::string cell;   // key
  std::string field;  // full key; "" for the cell itself
  std::string value;
  std::int64_t repeats = 0;  // fresh ones; those already tried count
  std::int64_t first = 0;    // of them: 0 is the first one after the plan's own
};

struct FollowUp {
  std::vector<Wanted> wanted;
  std::string why;  // one sentence; "" when nothing is wanted
};

// Modes that are suspected to be off their neighbours: first fresh repeats of all three, then, where these confirm it,
// of what may be used instead.
[[nodiscard]] FollowUp follow_anomalies(const record::Report& report);
// The cell that would be recommended and the one that it would replace, in all their workloads; the next best one where
// fresh repeats refuted the best.
[[nodiscard]] FollowUp follow_gain(const record::Report& report);

}  // namespace mia::judge
