// SPDX-License-Identifier: MIT
#include "report/picture_parts.h"

#include <algorithm>

#include <fmt/core.h>

#include "base/text.h"
#include "document/value.h"

namespace mia::report {

PlacedTrials::PlacedTrials(const record::Report& report) {
  const std::vector<record::Standing> standings = record::standings(report.trials);
  for (std::size_t i = 0; i < report.trials.size(); ++i) {
    all_.push_back({&report.trials[i], standings[i], 0});
  }
  std::ranges::stable_sort(all_, {},
                           [](const PlacedTrial& placed) -> const std::string& { return placed.trial->started; });
  std::size_t turn = 0;
  for (PlacedTrial& placed : all_) {
    placed.turn = ++turn;
    by_cell_[placed.trial->cell].push_back(placed);
  }
}

const std::vector<PlacedTrial>& PlacedTrials::of(const record::CellReport& cell) const {
  static const std::vector<PlacedTrial> none;
  const auto at = by_cell_.find(cell.key);
  return at == by_cell_.end() ? none : at->second;
}

std::vector<double> intervals_of(const std::vector<PlacedTrial>& trials) {
  std::vector<double> intervals;
  for (const PlacedTrial& placed : trials) {
    if (placed.standing != record::Standing::counted && placed.standing != record::Standing::disturbed_but_counted) {
      continue;
    }
    for (const record::Run* const run : record::measured(*placed.trial)) {
      const std::vector<double> more = record::decode_intervals_ms(*run);
      intervals.insert(intervals.end(), more.begin(), more.end());
    }
  }
  return intervals;
}

std::string note_of(const PlacedTrial& placed) {
  const std::vector<std::string>& reasons = placed.trial->conditions.voided_by;
  return fmt::format("trial {}{}{}", placed.turn, reasons.empty() ? "" : ": ", join(reasons, "; "));
}

bool stands_out(const PlacedTrial& placed) {
  return !record::is_undisturbed(*placed.trial);
}

const record::Metric* leading_metric(const std::vector<record::CellReport>& cells) {
  for (const char* const name : {"tokens_per_s", "decode_tok_s", "prefill_tok_s", "load_ms"}) {
    for (const record::CellReport& cell : cells) {
      const auto at = cell.metrics.find(name);
      if (at != cell.metrics.end() && at->second.value) {
        return record::find_metric(name);
      }
    }
  }
  return nullptr;
}

std::vector<const record::CellReport*> chosen_cells(const Part& part) {
  constexpr std::size_t kMostLines = 6;
  std::vector<const record::CellReport*> chosen;
  const record::Metric* const metric = leading_metric(part.cells);
  for (const record::CellReport& cell : part.cells) {
    chosen.push_back(&cell);
  }
  if (metric == nullptr || chosen.size() <= kMostLines) {
    return chosen;
  }
  std::map<std::string, const record::CellReport*> best;
  const auto value = [&](const record::CellReport* cell) {
    const double figure = summary_of(cell, metric->name).value.value_or(0);
    return metric->better == record::Better::higher ? figure : -figure;
  };
  for (const record::CellReport* const cell : chosen) {
    const record::CellReport*& first = best[cell->point.workload];
    first = first == nullptr || value(cell) > value(first) ? cell : first;
  }
  chosen.clear();
  for (const auto& [workload, cell] : best) {
    chosen.push_back(cell);
  }
  return chosen;
}

void thin(document::Chart& chart, document::Layer& layer, std::size_t most, std::string_view what) {
  const std::size_t total = layer.points.size();
  if (total <= most) {
    return;
  }
  const auto marked = static_cast<std::size_t>(std::ranges::count(layer.points, true, &document::Point::marked));
  const std::size_t room = std::min(marked, most / 2);
  const auto stride = [](std::size_t count, std::size_t places) {
    return places == 0 ? count + 1 : (count + places - 1) / places;
  };
  const std::size_t steps[] = {stride(total - marked, most - room), stride(marked, room)};
  std::size_t seen[] = {0, 0};
  std::vector<document::Point> kept;
  for (document::Point& point : layer.points) {
    const std::size_t kind = point.marked ? 1 : 0;
    if (seen[kind]++ % steps[kind] == 0) {
      kept.push_back(std::move(point));
    }
  }
  layer.points = std::move(kept);
  chart.notes.push_back(fmt::format("{} of {} {} are drawn, evenly chosen{}; the figures are of all.",
                                    layer.points.size(), total, what, layer.name.empty() ? "" : " in " + layer.name));
}

double shown_value(const record::Metric& metric, double value) {
  return value * document::style_of(metric).number.scale;
}

document::Axis axis_of(const record::Metric& metric) {
  const document::MetricStyle style = document::style_of(metric);
  return {style.heading, style.number.digits};
}

document::Point interval_point(document::Place x, document::Place y, const record::Summary& summary,
                               const record::Metric& metric) {
  document::Point point{std::move(x), std::move(y)};
  point.low = summary.low ? std::optional(shown_value(metric, *summary.low)) : std::nullopt;
  point.high = summary.high ? std::optional(shown_value(metric, *summary.high)) : std::nullopt;
  point.note = summary.n > 0 ? fmt::format("n={}", summary.n) : "";
  return point;
}

}  // namespace mia::report
