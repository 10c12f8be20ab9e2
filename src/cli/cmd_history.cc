// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
#include <span>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "app/find_report.h"
#include "app/session_levels.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/show_report.h"
#include "document/json.h"
#include "document/value.h"
#include "record/metrics.h"
#include "stats/changepoint.h"
#include "stats/paired.h"
#include "stats/summary.h"

namespace mia::cli {
namespace {

Result<int> list(const Common& common, std::int64_t limit) {
  MIA_TRY_ASSIGN(store::Store store, app::open_store(common));
  store::SessionFilter filter;
  filter.limit = limit;
  MIA_TRY_ASSIGN(const auto sessions, store.sessions(filter));
  document::Table table{{{"session", "session"},
                         {"scenario", "scenario"},
                         {"started", "started"},
                         {"finished", ""},
                         {"state", ""},
                         {"", "state"},
                         {"trials", ""},
                         {"planned", ""},
                         {"", "trials", "", "", document::Align::right},
                         {"", "version"},
                         {"plan_hash", ""}}};
  for (const store::SessionRow& row : sessions) {
    // A killed session cannot say so itself; disturbed trials were measured again beyond the plan.
    table.rows.push_back({row.id, row.scenario, row.started, row.finished, row.state,
                          row.state == "running" ? "unfinished" : row.state, row.trials, row.planned,
                          fmt::format("{}/{}", row.trials, std::max(row.trials, row.planned)), row.tool_version,
                          row.plan_hash});
  }
  show_list(common, table, "no sessions yet");
  return kOk;
}

struct TrendOptions {
  std::string metric = "tokens_per_s";
  store::SeriesFilter filter;
};

// One series by sessions with the places where its level changed.
struct Trend {
  store::Series series;  // without its points
  std::vector<app::SessionLevel> levels;
  std::vector<stats::ChangePoint> changes;
  std::optional<std::size_t> alarm;  // the first of the latest sessions that look shifted, too few yet for a change
};

// A change needs four sessions on its new level: the latest three are watched against the level before them.
std::optional<std::size_t> alarm_of(std::span<const double> logs, const std::vector<stats::ChangePoint>& changes) {
  constexpr std::size_t kLatest = 3;
  constexpr std::size_t kLeastKnown = 6;
  constexpr double kMadToSd = 1.4826;
  const std::size_t from = changes.empty() ? 0 : changes.back().index;
  if (logs.size() - from < kLeastKnown + kLatest) {
    return std::nullopt;
  }
  const auto known = logs.subspan(from, logs.size() - from - kLatest);
  const double level = *stats::median(known);
  const stats::ChangePointOptions standard;
  const double sd = std::max(kMadToSd * stats::mad(known).value_or(0), standard.least_sd);
  const auto latest = logs.last(kLatest);
  const auto alarm = stats::shift_alarm(latest, level, sd);
  const bool large = alarm && std::abs(latest[*alarm] - level) >= standard.least_change;
  return large ? std::optional(logs.size() - kLatest + *alarm) : std::nullopt;
}

Trend trend_of(store::Series series) {
  Trend trend;
  std::vector<double> logs;
  for (app::SessionLevel& level : app::session_levels(series.points)) {
    if (level.value > 0) {  // nothing that is measured takes no time; a logarithm needs it
      logs.push_back(std::log(level.value));
      trend.levels.push_back(std::move(level));
    }
  }
  trend.changes = stats::change_points(logs);
  trend.alarm = alarm_of(logs, trend.changes);
  series.points.clear();
  trend.series = std::move(series);
  return trend;
}

std::string direction(const record::Metric& metric, double change) {
  if (metric.better == record::Better::neither) {
    return change > 0 ? "up" : "down";
  }
  return (change > 0) == (metric.better == record::Better::higher) ? "better" : "worse";
}

document::Table points_of(const Trend& trend) {
  document::Table table{{{"session", "session"},
                         {"started", "started"},
                         {"runtime", "runtime"},
                         {"value", "value"},
                         {"trials", "trials"}}};
  for (const app::SessionLevel& level : trend.levels) {
    table.rows.push_back({level.session, level.started, level.runtime, document::number(level.value), level.trials});
  }
  return table;
}

document::Table changes_of(const record::Metric& metric, const Trend& trend) {
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
    const app::SessionLevel& first = trend.levels[change.index];
    table.rows.push_back({static_cast<std::int64_t>(change.index), first.started, first.session,
                          document::number(stats::percent(change.change), {1, 1, true}),
                          direction(metric, change.change), document::number(std::exp(change.before), style),
                          document::number(std::exp(change.after), style), trend.levels[change.index - 1].runtime,
                          first.runtime});
  }
  return table;
}

Json to_json(const record::Metric& metric, const Trend& trend) {
  const store::Series& series = trend.series;
  Json json = {{"model", series.model},
               {"model_hash", series.model_hash},
               {"machine", series.machine},
               {"configuration", series.configuration},
               {"label", series.label},
               {"points", document::to_json(points_of(trend))},
               {"change_points", document::to_json(changes_of(metric, trend))},
               {"alarm", nullptr}};
  if (trend.alarm) {
    const app::SessionLevel& first = trend.levels[*trend.alarm];
    json["alarm"] = {{"index", *trend.alarm}, {"session", first.session}, {"value", first.value}};
  }
  return json;
}

document::Section section_of(const record::Metric& metric, const Trend& trend) {
  const auto [heading, style] = document::style_of(metric);
  const store::Series& series = trend.series;
  document::Chart chart{document::Chart::Kind::line,
                        fmt::format("{} on {}: {}", series.model, series.machine, series.label), "session", heading};
  for (const app::SessionLevel& level : trend.levels) {
    chart.points.push_back({level.started, level.value});
  }
  const app::SessionLevel& last = trend.levels.back();
  document::List said{
      {{fmt::format("{} sessions since {}; last {} of {}", trend.levels.size(), trend.levels.front().started,
                    document::format_number(last.value, style), last.started)}}};
  if (trend.alarm) {
    const app::SessionLevel& first = trend.levels[*trend.alarm];
    said.items.push_back({fmt::format("{} {}: the level may have shifted, {} now; more sessions prove it or not",
                                      first.started, first.session, document::format_number(first.value, style))});
  }
  document::Section section{"", {std::move(chart), std::move(said)}};
  if (!trend.changes.empty()) {
    section.blocks.emplace_back(changes_of(metric, trend));
  }
  return section;
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

Result<int> trend(const Common& common, const TrendOptions& options) {
  MIA_TRY(check_since(options.filter.since));
  MIA_TRY_ASSIGN(store::Store store, app::open_store(common));
  MIA_TRY_ASSIGN(std::vector<store::Series> all, store.series(options.metric, options.filter));
  const record::Metric* const metric = record::find_metric(options.metric);
  if (metric == nullptr) {
    return fail(ErrorKind::usage, "'{}' is a metric of another version of mia-perf", one_line(options.metric, 100));
  }
  Json json = {{"metric", options.metric}, {"unit", metric->unit}, {"series", Json::array()}};
  document::Document document;
  for (store::Series& series : all) {
    const Trend found = trend_of(std::move(series));
    if (!found.levels.empty()) {
      json["series"].push_back(to_json(*metric, found));
      document.sections.push_back(section_of(*metric, found));
    }
  }
  if (document.sections.empty()) {
    document.answer = fmt::format("no session has {} here", options.metric);
  }
  show(common, document, json);
  return kOk;
}

void add_history_trend(Cli& cli, CLI::App& history) {
  auto options = std::make_shared<TrendOptions>();
  CLI::App* const verb = history.add_subcommand("trend", "a metric over time, and where its level changed");
  verb->add_option("metric", options->metric, "a metric of docs/results-format.md")->capture_default_str();
  verb->add_option("--model", options->filter.model, "id or header hash");
  verb->add_option("--machine", options->filter.machine, "fingerprint");
  verb->add_option("--configuration", options->filter.configuration, "key, as --json shows it");
  verb->add_option("--scenario", options->filter.scenario, "sessions of this scenario only");
  verb->add_option("--since", options->filter.since, "from this day on: 2026-11-24");
  verb->footer("example: mia-perf history trend decode_tok_s --since 2026-11-01");
  verb->callback([&cli, options] { cli.action = [&cli, options] { return trend(cli.common, *options); }; });
}

}  // namespace

void add_history(Cli& cli) {
  CLI::App* const verb = cli.app.add_subcommand("history", "sessions of the store");
  verb->require_subcommand(0, 1);
  verb->footer("example: mia-perf history\nwithout a verb: list");
  auto limit = std::make_shared<std::int64_t>(20);
  auto session = std::make_shared<std::string>();
  CLI::App* const list_verb = verb->add_subcommand("list", "the latest sessions");
  list_verb->add_option("--limit", *limit, "how many; 0: all")->capture_default_str();
  list_verb->footer("example: mia-perf history list --limit 50");
  list_verb->callback([&cli, limit] { cli.action = [&cli, limit] { return list(cli.common, *limit); }; });
  CLI::App* const show_verb = verb->add_subcommand("show", "the report of one session");
  show_verb->add_option("session", *session, "id, a prefix of one, or last")->required();
  show_verb->footer("example: mia-perf history show last");
  show_verb->callback(
      [&cli, session] { cli.action = [&cli, session] { return show_report(cli.common, *session, "text", false); }; });
  add_history_trend(cli, *verb);
  verb->callback([&cli, verb, limit] {
    if (verb->get_subcommands().empty()) {
      cli.action = [&cli, limit] { return list(cli.common, *limit); };
    }
  });
}

}  // namespace mia::cli
