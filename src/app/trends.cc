// SPDX-License-Identifier: MIT
#include "app/trends.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <optional>

#include <fmt/core.h>

#include <nlohmann/json.hpp>

#include "app/session_levels.h"
#include "base/text.h"
#include "document/escape.h"
#include "document/json.h"
#include "document/value.h"
#include "imports/history.h"
#include "stats/paired.h"

namespace mia::app {
namespace {

document::Table points_of(const judge::Trend& trend) {
  document::Table table{{{"session", "session"},
                         {"started", "started"},
                         {"runtime", "runtime"},
                         {"value", "value"},
                         {"trials", "trials"}}};
  for (const judge::SessionLevel& level : trend.levels) {
    table.rows.push_back({level.session, level.started, level.runtime, document::number(level.value), level.trials});
  }
  return table;
}

document::Table changes_of(const record::Metric& metric, const judge::Trend& trend) {
  const document::NumberStyle style = document::style_of(metric).number;
  document::Table table{{{"index", ""},
                         {"started", "changed"},
                         {"session", "session"},
                         {"change_percent", "change", "%"},
                         {"direction", "which is"},
                         {"before", "before"},
                         {"after", "after"},
                         {"runtime_before", "runtime before"},
                         {"runtime_after", "runtime after"}}};
  for (const stats::ChangePoint& change : trend.changes) {
    const judge::SessionLevel& first = trend.levels[change.index];
    table.rows.push_back(
        {static_cast<std::int64_t>(change.index), first.started, first.session,
         document::number(stats::percent(change.change), {1, 1, true}),
         std::string(judge::direction_of(metric, change.change)), document::number(std::exp(change.before), style),
         document::number(std::exp(change.after), style), trend.levels[change.index - 1].runtime, first.runtime});
  }
  return table;
}

Json series_json(const record::Metric& metric, const FoundTrend& found) {
  const auto& [series, trend] = found;
  Json json = {{"model", series.model},
               {"model_hash", series.model_hash},
               {"machine", series.machine},
               {"configuration", series.configuration},
               {"label", series.label},
               {"tool", series.tool.empty() ? Json(nullptr) : Json(series.tool)},
               {"points", document::to_json(points_of(trend))},
               {"change_points", document::to_json(changes_of(metric, trend))},
               {"alarm", nullptr}};
  if (trend.alarm) {
    const judge::SessionLevel& first = trend.levels[*trend.alarm];
    json["alarm"] = {{"index", *trend.alarm}, {"session", first.session}, {"value", first.value}};
  }
  return json;
}

std::string title_of(const store::Series& series) {
  return fmt::format("{} on {}: {}{}", series.model, series.machine, series.label,
                     series.tool.empty() ? "" : "; imported from " + series.tool);
}

document::Section section_of(const record::Metric& metric, const FoundTrend& found) {
  const auto& [series, trend] = found;
  const auto [heading, style] = document::style_of(metric);
  document::Layer line{document::Layer::Mark::line};
  for (const judge::SessionLevel& level : trend.levels) {
    line.points.push_back({level.started, level.value});
  }
  document::Chart chart{title_of(series), {"session"}, {heading}, {std::move(line)}};
  const judge::SessionLevel& last = trend.levels.back();
  document::List said{
      {{fmt::format("{} {} since {}; last {} of {}", trend.levels.size(), series.tool.empty() ? "sessions" : "calls",
                    trend.levels.front().started, document::format_number(last.value, style), last.started)}}};
  if (trend.alarm) {
    const judge::SessionLevel& first = trend.levels[*trend.alarm];
    said.items.push_back({fmt::format("{} {}: the level may have shifted, {} now; more sessions prove it or not",
                                      first.started, first.session, document::format_number(first.value, style))});
  }
  document::Section section{"", {std::move(chart), std::move(said)}};
  if (!trend.changes.empty()) {
    section.blocks.emplace_back(changes_of(metric, trend));
  }
  return section;
}

// The level between the changes: a step at each.
document::Layer level_of(const judge::Trend& trend, double scale) {
  document::Layer steps{document::Layer::Mark::steps, "level", 1};
  double level = std::exp(trend.changes.front().before);
  steps.points.push_back({1.0, level * scale});
  for (const stats::ChangePoint& change : trend.changes) {
    level = std::exp(change.after);
    steps.points.push_back({static_cast<double>(change.index + 1), level * scale});
  }
  steps.points.push_back({static_cast<double>(trend.levels.size()), level * scale});
  return steps;
}

// The sessions in their order, the level between its changes, and the sessions that were accepted.
document::Chart picture_of(const record::Metric& metric, const FoundTrend& found,
                           const std::vector<std::string>& accepted) {
  const judge::Trend& trend = found.trend;
  const auto [heading, style] = document::style_of(metric);
  const bool ours = found.series.tool.empty();
  document::Layer medians{document::Layer::Mark::dots, "median of a session"};
  document::Layer baselines{document::Layer::Mark::limits, "accepted as baseline", 2};
  document::Table table{{{"", "session"}, {"", "started"}, {"", heading}, {"", "trials"}, {"", "runtime"}}};
  for (std::size_t i = 0; i < trend.levels.size(); ++i) {
    const judge::SessionLevel& level = trend.levels[i];
    const double place = static_cast<double>(i + 1);
    const double value = level.value * style.scale;
    medians.points.push_back(
        {place, value, {}, {}, {}, fmt::format("{}, {}, n={}", level.started, level.runtime, level.trials)});
    if (std::ranges::find(accepted, level.session) != accepted.end()) {
      baselines.points = {{place, value}, {static_cast<double>(trend.levels.size()), value}};
    }
    const std::string to = ours ? "/result/" + document::path_escape(level.session) : "";
    table.rows.push_back({document::Link{level.session, to}, level.started, document::number(level.value, style),
                          level.trials, level.runtime});
  }
  std::ranges::reverse(table.rows);
  document::Chart chart{heading, {ours ? "session" : "call", 0}, {heading, style.digits}};
  chart.layers.push_back(std::move(medians));
  if (!trend.changes.empty()) {
    chart.layers.push_back(level_of(trend, style.scale));
  }
  if (!baselines.points.empty()) {
    chart.layers.push_back(std::move(baselines));
  }
  chart.table = std::move(table);
  return chart;
}

// What each metric is, and where its own page is.
document::Table metrics_table() {
  document::Table table{{{"", "metric"}, {"", "unit"}, {"", "meaning"}}};
  for (const record::Metric& metric : record::metrics()) {
    const std::string name(metric.name);
    table.rows.push_back({document::Link{name, "/trend?metric=" + document::path_escape(name)},
                          std::string(metric.unit), std::string(metric.doc)});
  }
  return table;
}

Status check_since(const std::optional<std::string>& since) {
  const auto is_date = [](std::string_view text) {
    return text.size() >= 10 && std::ranges::all_of(text.substr(0, 10), [&, i = 0](char c) mutable {
             const bool dash = i == 4 || i == 7;
             ++i;
             return dash ? c == '-' : c >= '0' && c <= '9';
           });
  };
  if (since && !is_date(*since)) {
    return fail(ErrorKind::usage, "--since {}: write a day as 2026-11-24, or a time as 2026-11-24T10:41:47Z",
                one_line(*since, 40));
  }
  return {};
}

}  // namespace

document::Table table_of(const std::vector<store::Forgotten>& forgotten) {
  document::Table table{{{"session", "forgotten"}, {"reason", "reason"}, {"forgotten", "since"}}};
  for (const store::Forgotten& one : forgotten) {
    table.rows.push_back({one.id, one.reason, one.when});
  }
  return table;
}

void add_forgotten(document::Document& document, const std::vector<store::Forgotten>& forgotten) {
  if (!forgotten.empty()) {
    document.sections.push_back({"Forgotten", {table_of(forgotten)}});
  }
}

Result<Trends> find_trends(store::Store& store, const TrendRequest& request) {
  MIA_TRY(check_since(request.filter.since));
  const std::string name = record::metric_name(request.metric);
  MIA_TRY_ASSIGN(std::vector<store::Series> all, store.series(name, request.filter));
  MIA_TRY_ASSIGN(const auto calls, store.imported_calls(name));
  std::ranges::move(imports::history_of(calls, request.filter), std::back_inserter(all));
  Trends trends{record::find_metric(name), {}, {}, {}};
  if (trends.metric == nullptr) {
    return fail(ErrorKind::usage, "'{}' is a metric of another version of mia-perf", one_line(name, 100));
  }
  for (store::Series& series : all) {
    judge::Trend trend = judge::trend_of(session_levels(series.points));
    if (!trend.levels.empty()) {
      trends.found.push_back({std::move(series), std::move(trend)});
    }
  }
  MIA_TRY_ASSIGN(trends.forgotten, store.forgotten());
  MIA_TRY_ASSIGN(const auto baselines, store.baselines());
  std::ranges::transform(baselines, std::back_inserter(trends.accepted), &store::BaselineRow::session);
  return trends;
}

document::Document document_of(const Trends& trends) {
  document::Document document;
  for (const FoundTrend& found : trends.found) {
    document.sections.push_back(section_of(*trends.metric, found));
  }
  if (trends.found.empty()) {
    document.answer = fmt::format("no session and no imported call with a time stamp has {} here", trends.metric->name);
  }
  add_forgotten(document, trends.forgotten);
  return document;
}

Json to_json(const Trends& trends) {
  Json json = {{"metric", trends.metric->name},
               {"unit", trends.metric->unit},
               {"series", Json::array()},
               {"forgotten", document::to_json(table_of(trends.forgotten))}};
  for (const FoundTrend& found : trends.found) {
    json["series"].push_back(series_json(*trends.metric, found));
  }
  return json;
}

document::Document page_of(const Trends& trends) {
  constexpr std::size_t kMost = 30;
  document::Document document = document_of(trends);
  document.title = fmt::format("{} over time", document::style_of(*trends.metric).heading);
  document.tone = document::Tone::plain;
  for (std::size_t i = 0; i < trends.found.size(); ++i) {
    document.sections[i].heading = title_of(trends.found[i].series);
    document.sections[i].blocks.front() = picture_of(*trends.metric, trends.found[i], trends.accepted);
  }
  if (trends.found.size() > kMost) {
    document.answer =
        fmt::format("The first {} of {} histories: one model's alone with ?model=ID.", kMost, trends.found.size());
    const auto first = document.sections.begin();
    document.sections.erase(first + kMost, first + static_cast<std::ptrdiff_t>(trends.found.size()));
  }
  document.sections.push_back({"Metrics", {metrics_table()}});
  return document;
}

}  // namespace mia::app
