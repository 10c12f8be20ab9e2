// SPDX-License-Identifier: MIT
// Where the level of a history changed, and whether the latest sessions look shifted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "record/metrics.h"
#include "stats/changepoint.h"

namespace mia::judge {

// Trials of one session share its moment, so a session counts as one point.
struct SessionLevel {
  std::string session;
  std::string started;  // of its first trial
  std::string runtime;  // "name version commit"
  double value = 0;     // median
  std::int64_t trials = 0;
};

struct Trend {
  std::vector<SessionLevel> levels;  // those above 0
  std::vector<stats::ChangePoint> changes;
  std::optional<std::size_t> alarm;  // the first of the latest sessions that look shifted, too few yet for a change
};

// `levels` in the order in which the sessions began. What takes no time was not measured: such levels are left out.
[[nodiscard]] Trend trend_of(std::vector<SessionLevel> levels);

// "better" | "worse", or "up" | "down" where neither is meant, of a change in ln.
[[nodiscard]] std::string_view direction_of(const record::Metric& metric, double change);

}  // namespace mia::judge
