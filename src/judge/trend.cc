// SPDX-License-Identifier: MIT
#include "judge/trend.h"

#include <algorithm>
#include <cmath>
#include <span>
#include <utility>

#include "stats/summary.h"

namespace mia::judge {
namespace {

// A change needs four sessions on its new level: the latest three are watched against the level before them.
std::optional<std::size_t> alarm_of(std::span<const double> logs, const std::vector<stats::ChangePoint>& changes) {
  constexpr std::size_t kLatest = 3;
  constexpr std::size_t kLeastKnown = 6;
  const std::size_t from = changes.empty() ? 0 : changes.back().index;
  if (logs.size() - from < kLeastKnown + kLatest) {
    return std::nullopt;
  }
  const auto known = logs.subspan(from, logs.size() - from - kLatest);
  const double level = *stats::median(known);
  const stats::ChangePointOptions standard;
  const double sd = std::max(stats::kMadToSd * stats::mad(known).value_or(0), standard.least_sd);
  const auto latest = logs.last(kLatest);
  const auto alarm = stats::shift_alarm(latest, level, sd);
  const bool large = alarm && std::abs(latest[*alarm] - level) >= standard.least_change;
  return large ? std::optional(logs.size() - kLatest + *alarm) : std::nullopt;
}

}  // namespace

Trend trend_of(std::vector<SessionLevel> levels) {
  Trend trend;
  std::erase_if(levels, [](const SessionLevel& level) { return !(level.value > 0); });
  trend.levels = std::move(levels);
  std::vector<double> logs;
  for (const SessionLevel& level : trend.levels) {
    logs.push_back(std::log(level.value));
  }
  trend.changes = stats::change_points(logs);
  trend.alarm = alarm_of(logs, trend.changes);
  return trend;
}

std::string_view direction_of(const record::Metric& metric, double change) {
  if (metric.better == record::Better::neither) {
    return change > 0 ? "up" : "down";
  }
  return (change > 0) == (metric.better == record::Better::higher) ? "better" : "worse";
}

}  // namespace mia::judge
