// SPDX-License-Identifier: MIT
#include "record/report.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "record/json_members.h"
#include "record/report_v1.h"

namespace mia::record {

static constexpr std::array<Name<Severity>, 3> kSeverities{{
    {Severity::info, "info"},
    {Severity::warning, "warning"},
    {Severity::problem, "problem"},
}};
static std::span<const Name<Severity>> names(Severity /*severity*/) {
  return kSeverities;
}

static Json write_member(const Point& point) {
  return to_json(point);
}
// An equal cell is a label in schema 1: kept as the scenario's name until the cell is read whole.
static Status read_member(const Json& json, Point& point) {
  if (json.is_string()) {
    point.scenario = json.get<std::string>();
    return {};
  }
  MIA_TRY_ASSIGN(point, point_from_json(json));
  return {};
}

static Json write_member(const SettingList& settings) {
  return to_json(settings);
}
// A text in schema 1.
static Status read_member(const Json& json, SettingList& settings) {
  MIA_TRY_ASSIGN(settings, json.is_string() ? Result<SettingList>(recommendation_from_text(json.get<std::string>()))
                                            : setting_list_from_json(json));
  return {};
}

static Json write_member(const TableShape& shape) {
  return name_of(shape);
}
static Status read_member(const Json& json, TableShape& shape) {
  const auto found = json.is_string() ? find_table_shape(json.get<std::string>()) : std::nullopt;
  if (!found) {
    return fail(ErrorKind::protocol, "it is none of {}", fmt::join(table_shape_names(), ", "));
  }
  shape = *found;
  return {};
}

// Not in an unnamed namespace: the readers find each() by argument-dependent lookup.
MIA_MEMBERS(Summary, value, low, high, level, least, most, n, null_reason)
MIA_MEMBERS(HistogramBucket, upper_ms, count)
MIA_MEMBERS(FlashAttention, asked, claimed, proven)
MIA_MEMBERS(TimePart, mode, name, ms, low, high, share, n, how)
MIA_MEMBERS(Finding, id, severity, text, evidence)
MIA_MEMBERS(Confirmation, session, verdict, value)
MIA_MEMBERS(Check, name, verdict, value, limit, unit, text, cells, confirmation)
MIA_MEMBERS(Judgement, verdict, profile, baseline, baseline_started, statistic, alpha, sentence)
MIA_MEMBERS(Quality, model, runtime, text, text_hash, perplexity, perplexity_error, scored_tokens, scored_bytes,
            bits_per_byte, null_reason, base, mean_kl_divergence, same_top_fraction, divergence_null_reason)
MIA_MEMBERS(PartReport, name, title, sentence, recommendation, left_out, recommends, table)
template <Either<CellReport> X, class F>
void each(X& x, F&& f) {
  MIA_FOR_EACH(MIA_MEMBER, key, part, point, also, model, runtime, cache_state, outcomes, failure)
  MIA_FOR_EACH(MIA_MEMBER, roofline_tok_s, efficiency, roofline_basis, load_limit_ms, graph_reason)
  MIA_FOR_EACH(MIA_MEMBER, decode_splits, delta, delta_low, delta_high, requested, metrics, histogram)
  MIA_FOR_EACH(MIA_MEMBER, buffers, graph, flash_attention)
  f("effective", OnlySet{x.effective});
}
template <Either<Report> X, class F>
void each(X& x, F&& f) {
  MIA_FOR_EACH(MIA_MEMBER, schema, scenario, scenario_file, title, stem, table, session, started, finished, complete)
  MIA_FOR_EACH(MIA_MEMBER, tool_version, plan_hash, regression_flag, drift_share, drift_p, wall_s, measured_s)
  MIA_FOR_EACH(MIA_MEMBER, measured_share, recommendation, sentence, only, runtimes, models, settings, cells, trials)
  MIA_FOR_EACH(MIA_MEMBER, findings, time_parts, checks, judgement, quality, parts)
  f("environment", x.machine);
}

std::string label_of(const CellReport& cell) {
  return label_of(cell.point);
}

TableShape table_of(const Report& report, std::string_view part) {
  const auto at = std::ranges::find(report.parts, part, &PartReport::name);
  return at == report.parts.end() ? report.table : at->table;
}

std::vector<const CellReport*> cells_of(const Report& report) {
  std::vector<const CellReport*> cells;
  for (const CellReport& cell : report.cells) {
    cells.push_back(&cell);
  }
  return cells;
}

const CellReport* find_at(const Report& report, const Point& point) {
  const auto at = std::ranges::find_if(report.cells, [&](const CellReport& cell) {
    return cell.point == point || std::ranges::find(cell.also, point) != cell.also.end();
  });
  return at == report.cells.end() ? nullptr : &*at;
}

const CellReport* in_workload(const Report& report, const CellReport& cell, std::string_view workload) {
  Point point = cell.point;
  point.workload = workload;
  return find_at(report, point);
}

// Labels of schema 1, whose cells have no points.
static void read_labels(const Json& json, CellReport& cell, const std::string& scenario) {
  const std::string& whose = cell.part.empty() ? scenario : cell.part;
  cell.point = point_from_label(get_string(json, "label").value_or(""), whose, cell.requested, true);
  for (Point& point : cell.also) {
    point = point_from_label(std::string(point.scenario), whose, cell.requested, false);
  }
}

// Schema 1 knew tables and stems by the scenario's name.
static void read_schema_1(const Json& json, Report& report) {
  for (std::size_t i = 0; i < report.cells.size(); ++i) {
    read_labels(json.at("cells").at(i), report.cells[i], report.scenario);
  }
  report.table = table_of_scenario(report.scenario).value_or(TableShape::plain);
  for (PartReport& part : report.parts) {
    part.table = table_of_scenario(part.name).value_or(TableShape::plain);
  }
  report.stem = stem_of_scenario(report.scenario);
  report.schema = kReportSchema;
}

Json to_json(const Report& report) {
  return members_to_json(report);
}
Result<Report> report_from_json(const Json& json) {
  MIA_TRY_ASSIGN(Report report, from_members<Report>(json, "report"));
  if (report.schema < kReportSchema) {
    read_schema_1(json, report);
  }
  return report;
}

}  // namespace mia::record
