// SPDX-License-Identifier: MIT
#include "report/pictures.h"

#include <algorithm>
#include <optional>
#include <set>

#include <fmt/core.h>

#include "base/text.h"
#include "document/value.h"
#include "record/fields.h"
#include "report/picture_parts.h"

namespace mia::report {
namespace {

using document::Block;
using document::Chart;
using document::Layer;
using document::Point;
using record::CellReport;
using record::Metric;
using Mark = document::Layer::Mark;

// The cells that have the metric, best first.
std::vector<const CellReport*> ranked(const Part& part, const Metric& metric) {
  std::vector<const CellReport*> cells;
  for (const CellReport& cell : part.cells) {
    if (summary_of(&cell, metric.name).value) {
      cells.push_back(&cell);
    }
  }
  std::ranges::stable_sort(cells, [&](const CellReport* a, const CellReport* b) {
    const double one = *summary_of(a, metric.name).value;
    const double other = *summary_of(b, metric.name).value;
    return metric.better == record::Better::higher ? one > other : one < other;
  });
  return cells;
}

std::string told(const CellReport& cell, const Metric& metric) {
  const document::MetricStyle style = document::style_of(metric);
  return fmt::format("{} with {} {}", record::label_of(cell),
                     document::describe_interval(summary_of(&cell, metric.name), style.number), metric.unit);
}

document::Table table_of(const std::vector<const CellReport*>& cells, const Metric& metric) {
  const document::MetricStyle style = document::style_of(metric);
  document::Table table{{{"", "cell"}, {"", style.heading}, {"", "least"}, {"", "most"}, {"", "n"}}};
  for (const CellReport* const cell : cells) {
    const record::Summary summary = summary_of(cell, metric.name);
    table.rows.push_back({record::label_of(*cell), document::Number{summary, style.number, false, true},
                          document::number(summary.least, style.number), document::number(summary.most, style.number),
                          summary.n});
  }
  return table;
}

std::string marks_text(const Layer& dots) {
  const auto marked = std::ranges::count(dots.points, true, &Point::marked);
  return marked == 0 ? ""
                     : fmt::format(" {} of {} trials {} marked with a cross: disturbed (hover tells by what).", marked,
                                   dots.points.size(), marked == 1 ? "is" : "are");
}

void add_limits(Chart& chart, const std::vector<const CellReport*>& cells) {
  Layer limits{Mark::limits, "what memory allows", 1};
  for (const CellReport* const cell : cells) {
    if (cell->roofline_tok_s) {
      limits.points.push_back({*cell->roofline_tok_s, record::label_of(*cell), {}, {}, {}, cell->roofline_basis});
    }
  }
  if (!limits.points.empty()) {
    chart.layers.push_back(std::move(limits));
  }
}

// Medians with their intervals, best first, and the trials behind them.
std::optional<Chart> cells_picture(const Part& part, const PlacedTrials& trials, const Metric& metric, bool limits) {
  std::vector<const CellReport*> cells = ranked(part, metric);
  if (cells.empty()) {
    return std::nullopt;
  }
  Chart chart{"Cells, best first", axis_of(metric), {"cell"}};
  constexpr double kWide = 8;  // the slow ones would lie on one another
  const auto speed = [&](const CellReport* cell) { return *summary_of(cell, metric.name).value; };
  const auto [least, most] = std::minmax({speed(cells.front()), speed(cells.back())});
  chart.x.log = least > 0 && most > kWide * least;
  if (cells.size() > kMostCells) {
    chart.notes.push_back(fmt::format("The best {} of {} cells are drawn.", kMostCells, cells.size()));
    cells.resize(kMostCells);
  }
  Layer medians{Mark::intervals, "median, interval"};
  Layer dots{Mark::dots, "single trials"};
  for (const CellReport* const cell : cells) {
    const record::Summary summary = summary_of(cell, metric.name);
    const std::string label = record::label_of(*cell);
    medians.points.push_back(interval_point(shown_value(metric, *summary.value), label, summary, metric));
    for (const PlacedTrial& placed : trials.of(*cell)) {
      if (const auto value = metric.of(*placed.trial)) {
        dots.points.push_back({shown_value(metric, *value), label, {}, {}, {}, note_of(placed), stands_out(placed)});
      }
    }
  }
  chart.table = table_of(cells, metric);
  chart.words = cells.size() == 1
                    ? fmt::format("{}.", told(*cells.front(), metric))
                    : fmt::format("Best is {}; last is {}.", told(*cells.front(), metric), told(*cells.back(), metric));
  chart.words += marks_text(dots);
  thin(chart, dots, kMostDots, "trials");
  chart.layers.push_back(std::move(medians));
  chart.layers.push_back(std::move(dots));
  if (limits) {
    chart.title = "Decode speed, and what memory allows";
    add_limits(chart, cells);
  }
  return chart;
}

std::string word_of(const record::Setting& setting) {
  return setting.word.empty() ? record::to_text(setting.value) : setting.word;
}

const record::Setting* setting_of(const CellReport& cell, const record::Field& field) {
  const auto at = std::ranges::find(cell.point.settings, &field, &record::Setting::field);
  return at == cell.point.settings.end() ? nullptr : &*at;
}

// Axes with at least `least` values among the cells.
std::vector<const record::Field*> axes_of(const Part& part, std::size_t least) {
  std::vector<const record::Field*> axes;
  for (const record::Setting& first : part.cells.front().point.settings) {
    std::set<std::string> values;
    for (const CellReport& cell : part.cells) {
      const record::Setting* const setting = setting_of(cell, *first.field);
      values.insert(setting == nullptr ? "" : word_of(*setting));
    }
    if (values.size() >= least) {
      axes.push_back(first.field);
    }
  }
  return axes;
}

std::set<std::string> workloads_of(const Part& part) {
  std::set<std::string> workloads;
  for (const CellReport& cell : part.cells) {
    workloads.insert(cell.point.workload);
  }
  return workloads;
}

// One map for each workload where two axes vary.
void add_heat_maps(const Part& part, const Metric& metric, std::vector<Block>& blocks) {
  const std::vector<const record::Field*> axes = axes_of(part, 2);
  if (axes.size() != 2) {
    return;
  }
  const document::MetricStyle style = document::style_of(metric);
  for (const std::string& workload : workloads_of(part)) {
    Chart chart{fmt::format("{} over {} and {}{}{}", style.heading, axes[0]->name, axes[1]->name,
                            workload.empty() ? "" : ", ", workload),
                {std::string(axes[1]->name)},
                {std::string(axes[0]->name)}};
    chart.value = axis_of(metric);
    Layer map{Mark::cells};
    const CellReport* best = nullptr;
    for (const CellReport* const cell : ranked(part, metric)) {
      best = best == nullptr && cell->point.workload == workload ? cell : best;
    }
    for (const CellReport& cell : part.cells) {
      const record::Setting* const down = setting_of(cell, *axes[0]);
      const record::Setting* const across = setting_of(cell, *axes[1]);
      if (cell.point.workload != workload || down == nullptr || across == nullptr) {
        continue;
      }
      const record::Summary summary = summary_of(&cell, metric.name);
      Point point = interval_point(word_of(*across), word_of(*down), summary, metric);
      point.value = summary.value ? std::optional(shown_value(metric, *summary.value)) : std::nullopt;
      point.note = summary.value ? point.note : summary.null_reason;
      map.points.push_back(std::move(point));
    }
    if (map.points.size() >= 4 && best != nullptr) {
      chart.words = fmt::format("Each field is a cell, darker is more. Best is {}.", told(*best, metric));
      chart.layers.push_back(std::move(map));
      chart.table = table_of(ranked(part, metric), metric);
      blocks.emplace_back(std::move(chart));
    }
  }
}

std::optional<double> number_of(const CellReport& cell, const record::Field& field) {
  const record::Setting* const setting = setting_of(cell, field);
  if (setting == nullptr) {
    return std::nullopt;
  }
  const record::Value value =
      std::holds_alternative<std::monostate>(setting->value) ? record::get(cell.effective, field) : setting->value;
  if (const auto* const whole = std::get_if<std::int64_t>(&value)) {
    return static_cast<double>(*whole);
  }
  const auto* const real = std::get_if<double>(&value);
  return real == nullptr ? std::nullopt : std::optional(*real);
}

// What the cell is besides its place on the axis.
std::string series_of(const CellReport& cell, const record::Field& field) {
  record::Point rest = cell.point;
  std::erase_if(rest.settings, [&](const record::Setting& setting) { return setting.field == &field; });
  const bool alone = rest.settings.empty() && rest.workload.empty();
  return alone ? "" : record::label_of(rest);
}

Layer& layer_named(Chart& chart, const std::string& name) {
  const auto at = std::ranges::find(chart.layers, name, &Layer::name);
  return at != chart.layers.end()
             ? *at
             : chart.layers.emplace_back(Layer{Mark::line, name, static_cast<int>(chart.layers.size())});
}

// A metric over a numeric axis, a line for each of what else varies.
std::optional<Chart> axis_picture(const Part& part, const record::Field& field, const Metric& metric) {
  constexpr std::size_t kLeastPlaces = 3;
  const document::MetricStyle style = document::style_of(metric);
  Chart chart{fmt::format("{} over {}", style.heading, field.name), {std::string(field.name), 0}, axis_of(metric)};
  std::set<double> places;
  std::vector<const CellReport*> cells;
  for (const CellReport& cell : part.cells) {
    const auto at = number_of(cell, field);
    const record::Summary summary = summary_of(&cell, metric.name);
    if (!at || !summary.value) {
      continue;
    }
    places.insert(*at);
    cells.push_back(&cell);
    layer_named(chart, series_of(cell, field))
        .points.push_back(interval_point(*at, shown_value(metric, *summary.value), summary, metric));
  }
  if (places.size() < kLeastPlaces) {
    return std::nullopt;
  }
  for (Layer& layer : chart.layers) {
    std::ranges::sort(layer.points, {}, [](const Point& point) { return std::get<double>(point.x); });
  }
  chart.words = fmt::format("{} at {} values of {}, from {:g} to {:g}; the band is the interval of the median.",
                            style.heading, places.size(), field.name, *places.begin(), *places.rbegin());
  chart.table = table_of(cells, metric);
  return chart;
}

void add_axes(const Part& part, const Metric& metric, std::vector<Block>& blocks) {
  for (const record::Field* const field : axes_of(part, 3)) {
    std::vector<const Metric*> wanted{&metric};
    if (field->name == "n_gpu_layers") {
      wanted.push_back(record::find_metric("gpu_memory_bytes"));
      wanted.push_back(record::find_metric("peak_rss_bytes"));
    }
    for (const Metric* const shown : wanted) {
      if (auto chart = axis_picture(part, *field, *shown)) {
        blocks.emplace_back(std::move(*chart));
      }
    }
  }
}

// Each trial against the median of its cell, so that drift is seen whatever varies.
std::optional<Chart> time_picture(const record::Report& report, const PlacedTrials& trials) {
  constexpr std::size_t kMostNames = 8;
  const Metric* const metric = leading_metric(report.cells);
  if (metric == nullptr || trials.all().size() < 3) {
    return std::nullopt;
  }
  const document::MetricStyle style = document::style_of(*metric);
  Chart chart{
      "Trials in the order of time", {"trial", 0}, {fmt::format("{}, % of the median of its cell", style.heading), 1}};
  const bool named = report.cells.size() <= kMostNames;
  Layer all{Mark::dots};
  std::size_t drawn = 0;
  for (std::size_t i = 0; i < report.cells.size(); ++i) {
    const CellReport& cell = report.cells[i];
    const std::string label = record::label_of(cell);
    const auto median = summary_of(&cell, metric->name).value;
    Layer own{Mark::dots, named && report.cells.size() > 1 ? label : "", named ? static_cast<int>(i) : 0};
    for (const PlacedTrial& placed : trials.of(cell)) {
      const auto value = metric->of(*placed.trial);
      if (value && median && *median > 0) {
        own.points.push_back({static_cast<double>(placed.turn),
                              100 * *value / *median,
                              {},
                              {},
                              {},
                              fmt::format("{}, {}", label, note_of(placed)),
                              stands_out(placed)});
      }
    }
    drawn += own.points.size();
    Layer& into = named ? chart.layers.emplace_back(Layer{own.mark, own.name, own.color}) : all;
    into.points.insert(into.points.end(), own.points.begin(), own.points.end());
  }
  if (!named) {
    chart.layers.push_back(std::move(all));
  }
  for (Layer& layer : chart.layers) {
    thin(chart, layer, kMostDots / chart.layers.size(), "trials");
  }
  chart.words = report.drift_share ? fmt::format("The place in the order explains {:.1f} % of the variance (drift).",
                                                 *report.drift_share * 100)
                                   : "Each trial against the median of its cell.";
  if (drawn < trials.all().size()) {
    chart.notes.push_back(
        fmt::format("{} of {} trials have no figure.", trials.all().size() - drawn, trials.all().size()));
  }
  return drawn < 3 ? std::nullopt : std::optional(std::move(chart));
}

// What passes until the first token, phase by phase.
std::optional<Chart> load_picture(const record::Report& report) {
  constexpr std::size_t kMostBars = 16;
  struct Phase {
    const char* metric;
    const char* name;
  };
  Chart chart{"From the start of a process to its first token", {"ms", 1}, {"cell"}};
  document::Table table{{{"", "cell"}}};
  const std::size_t cells = std::min(report.cells.size(), kMostBars);
  for (std::size_t i = 0; i < cells; ++i) {
    const CellReport& cell = report.cells[i];
    table.rows.push_back({fmt::format("{} ({})", record::label_of(cell), cell.cache_state)});
  }
  std::vector<double> sums(cells, 0.0);
  for (const auto& [metric, name] : {Phase{"spawn_ms", "start"}, Phase{"load_ms", "load"},
                                     Phase{"context_ms", "context"}, Phase{"time_to_ready_ms", "first token"}}) {
    Layer layer{Mark::bars, name, static_cast<int>(chart.layers.size())};
    table.columns.push_back({"", name, "ms"});
    for (std::size_t i = 0; i < cells; ++i) {
      auto value = summary_of(&report.cells[i], metric).value;
      if (value && std::string_view(metric) == "time_to_ready_ms") {
        value = std::max(0.0, *value - sums[i]);
      }
      sums[i] += value.value_or(0);
      table.rows[i].push_back(document::number(value, {1}));
      if (value) {
        layer.points.push_back({*value, std::get<std::string>(table.rows[i].front())});
      }
    }
    chart.layers.push_back(std::move(layer));
  }
  if (cells < report.cells.size()) {
    chart.notes.push_back(fmt::format("The first {} of {} cells are drawn.", cells, report.cells.size()));
  }
  chart.words =
      "Medians over trials, with the state of the page cache before the load; the first token is what is left of "
      "the time until ready.";
  chart.table = std::move(table);
  const bool any = std::ranges::any_of(chart.layers, [](const Layer& layer) { return !layer.points.empty(); });
  return any ? std::optional(std::move(chart)) : std::nullopt;
}

std::optional<Chart> time_parts_picture(const record::Report& report) {
  Chart chart{"Where a token's time goes", {"ms per token", 3}, {"part"}};
  Layer parts{Mark::intervals};
  for (const record::TimePart& part : report.time_parts) {
    if (part.ms) {
      parts.points.push_back(
          {*part.ms, part.mode.empty() ? part.name : part.mode + " " + part.name, part.low, part.high, {}, part.how});
    }
  }
  chart.words = "Differences between cells that have a part and cells that leave it out, with their intervals.";
  const bool any = !parts.points.empty();
  chart.layers.push_back(std::move(parts));
  return any ? std::optional(std::move(chart)) : std::nullopt;
}

// Perplexity of each model against its speed.
std::optional<Chart> quality_picture(const record::Report& report) {
  const Metric* const metric = leading_metric(report.cells);
  Chart chart{"Quality against speed", {}, {"perplexity (less is better)", 3}};
  for (const record::Quality& quality : report.quality) {
    for (const CellReport& cell : report.cells) {
      const double speed = metric == nullptr ? 0 : summary_of(&cell, metric->name).value.value_or(0);
      if (cell.model != quality.model || !(speed > 0) || !quality.perplexity) {
        continue;
      }
      const double error = quality.perplexity_error.value_or(0);
      const double middle = *quality.perplexity;
      chart.x = axis_of(*metric);
      chart.layers.push_back({Mark::intervals,
                              record::label_of(cell),
                              static_cast<int>(chart.layers.size()),
                              {{shown_value(*metric, speed), middle, middle - error, middle + error}}});
    }
  }
  chart.words = "Perplexity with its standard error over the speed of each cell: lower and further right is better.";
  return chart.layers.size() < 2 ? std::nullopt : std::optional(std::move(chart));
}

void add(std::optional<Chart> chart, std::vector<Block>& blocks) {
  if (chart) {
    blocks.emplace_back(std::move(*chart));
  }
}

void add_part(const Part& part, const PlacedTrials& trials, bool alone, std::vector<Block>& blocks) {
  const Metric* const metric = leading_metric(part.cells);
  if (metric == nullptr) {
    return;
  }
  add(cells_picture(part, trials, *metric, false), blocks);
  add_heat_maps(part, *metric, blocks);
  add_axes(part, *metric, blocks);
  const bool limits =
      std::ranges::any_of(part.cells, [](const CellReport& cell) { return cell.roofline_tok_s.has_value(); });
  if (limits) {
    add(cells_picture(part, trials, *record::find_metric("decode_tok_s"), true), blocks);
  }
  add_token_pictures(part, trials, alone, blocks);
}

}  // namespace

std::vector<Block> pictures_of(const record::Report& report) {
  std::vector<Block> blocks;
  const PlacedTrials trials(report);
  const std::vector<Part> parts = parts_of(report, false);
  for (const Part& part : parts) {
    std::vector<Block> own;
    add_part(part, trials, parts.size() == 1, own);
    if (parts.size() > 1 && !own.empty()) {
      blocks.emplace_back(document::Heading{part.name});
    }
    std::ranges::move(own, std::back_inserter(blocks));
  }
  std::vector<Block> whole;
  add(time_parts_picture(report), whole);
  add(quality_picture(report), whole);
  add(time_picture(report, trials), whole);
  add(load_picture(report), whole);
  if (parts.size() > 1 && !whole.empty()) {
    blocks.emplace_back(document::Heading{"The whole session"});
  }
  std::ranges::move(whole, std::back_inserter(blocks));
  return blocks;
}

}  // namespace mia::report
