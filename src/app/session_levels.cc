// SPDX-License-Identifier: MIT
#include "app/session_levels.h"

#include <map>

#include "stats/summary.h"

namespace mia::app {

std::vector<judge::SessionLevel> session_levels(const std::vector<store::SeriesPoint>& points) {
  std::vector<judge::SessionLevel> levels;
  std::vector<std::vector<double>> values;
  std::map<std::string, std::size_t> places;
  for (const store::SeriesPoint& point : points) {
    const auto [at, is_new] = places.try_emplace(point.session, levels.size());
    if (is_new) {
      levels.push_back({point.session, point.started, point.runtime, 0, 0});
      values.emplace_back();
    }
    values[at->second].push_back(point.value);
  }
  for (std::size_t i = 0; i < levels.size(); ++i) {
    levels[i].value = *stats::median(values[i]);
    levels[i].trials = static_cast<std::int64_t>(values[i].size());
  }
  return levels;
}

}  // namespace mia::app
