// SPDX-License-Identifier: MIT
#include "record/report.h"

#include <array>
#include <utility>

#include "record/fields.h"
#include "record/json_members.h"

namespace mia::record {

// Not in an unnamed namespace: the readers find `each` by argument-dependent lookup.

template <class T, class F>
static void each_summary(T& x, F f) {
  f("value", x.value);
  f("low", x.low);
  f("high", x.high);
  f("level", x.level);
  f("least", x.least);
  f("most", x.most);
  f("n", x.n);
  f("null_reason", x.null_reason);
}

template <class T, class F>
static void each_bucket(T& x, F f) {
  f("upper_ms", x.upper_ms);
  f("count", x.count);
}

// The plain members of a cell; settings, metrics and the histogram are written by hand below.
template <class T, class F>
static void each_cell(T& x, F f) {
  f("key", x.key);
  f("part", x.part);
  f("label", x.label);
  f("also", x.also);
  f("model", x.model);
  f("runtime", x.runtime);
  f("cache_state", x.cache_state);
  f("outcomes", x.outcomes);
  f("failure", x.failure);
  f("roofline_tok_s", x.roofline_tok_s);
  f("efficiency", x.efficiency);
  f("roofline_basis", x.roofline_basis);
  f("load_limit_ms", x.load_limit_ms);
  f("graph_reason", x.graph_reason);
  f("decode_splits", x.decode_splits);
  f("delta", x.delta);
  f("delta_low", x.delta_low);
  f("delta_high", x.delta_high);
}

template <class T, class F>
static void each_finding(T& x, F f) {
  f("id", x.id);
  f("text", x.text);
  f("evidence", x.evidence);
}

template <class T, class F>
static void each_confirmation(T& x, F f) {
  f("session", x.session);
  f("verdict", x.verdict);
  f("value", x.value);
}

template <class T, class F>
static void each_judgement(T& x, F f) {
  f("verdict", x.verdict);
  f("profile", x.profile);
  f("baseline", x.baseline);
  f("baseline_started", x.baseline_started);
  f("statistic", x.statistic);
  f("alpha", x.alpha);
  f("sentence", x.sentence);
}

template <class T, class F>
static void each_check(T& x, F f) {
  f("name", x.name);
  f("verdict", x.verdict);
  f("value", x.value);
  f("limit", x.limit);
  f("unit", x.unit);
  f("text", x.text);
  f("cells", x.cells);
}

template <class T, class F>
static void each_time_part(T& x, F f) {
  f("mode", x.mode);
  f("name", x.name);
  f("ms", x.ms);
  f("low", x.low);
  f("high", x.high);
  f("share", x.share);
  f("n", x.n);
  f("how", x.how);
}

template <class T, class F>
static void each_flash_attention(T& x, F f) {
  f("asked", x.asked);
  f("claimed", x.claimed);
  f("proven", x.proven);
}

template <class T, class F>
static void each_quality(T& x, F f) {
  f("model", x.model);
  f("runtime", x.runtime);
  f("text", x.text);
  f("text_hash", x.text_hash);
  f("perplexity", x.perplexity);
  f("perplexity_error", x.perplexity_error);
  f("scored_tokens", x.scored_tokens);
  f("scored_bytes", x.scored_bytes);
  f("bits_per_byte", x.bits_per_byte);
  f("null_reason", x.null_reason);
  f("base", x.base);
  f("mean_kl_divergence", x.mean_kl_divergence);
  f("same_top_fraction", x.same_top_fraction);
  f("divergence_null_reason", x.divergence_null_reason);
}

template <class T, class F>
static void each_part(T& x, F f) {
  f("name", x.name);
  f("title", x.title);
  f("sentence", x.sentence);
  f("recommendation", x.recommendation);
  f("left_out", x.left_out);
  f("recommends", x.recommends);
}

template <class T, class F>
static void each_report(T& x, F f) {
  f("schema", x.schema);
  f("scenario", x.scenario);
  f("session", x.session);
  f("started", x.started);
  f("finished", x.finished);
  f("complete", x.complete);
  f("tool_version", x.tool_version);
  f("plan_hash", x.plan_hash);
  f("regression_flag", x.regression_flag);
  f("drift_share", x.drift_share);
  f("drift_p", x.drift_p);
  f("wall_s", x.wall_s);
  f("measured_s", x.measured_s);
  f("measured_share", x.measured_share);
  f("recommendation", x.recommendation);
  f("sentence", x.sentence);
  f("only", x.only);
}

// NOLINTBEGIN(bugprone-macro-parentheses): a type cannot stand in parentheses
#define MIA_EACH(type, function)         \
  template <class F>                     \
  static void each(type& x, F f) {       \
    function(x, f);                      \
  }                                      \
  template <class F>                     \
  static void each(const type& x, F f) { \
    function(x, f);                      \
  }
// NOLINTEND(bugprone-macro-parentheses)
MIA_EACH(Summary, each_summary)
MIA_EACH(HistogramBucket, each_bucket)
MIA_EACH(CellReport, each_cell)
MIA_EACH(Finding, each_finding)
MIA_EACH(Check, each_check)
MIA_EACH(Confirmation, each_confirmation)
MIA_EACH(Judgement, each_judgement)
MIA_EACH(TimePart, each_time_part)
MIA_EACH(FlashAttention, each_flash_attention)
MIA_EACH(Quality, each_quality)
MIA_EACH(PartReport, each_part)
MIA_EACH(Report, each_report)
#undef MIA_EACH

namespace {

constexpr std::array<std::pair<Severity, std::string_view>, 3> kSeverities{{
    {Severity::info, "info"},
    {Severity::warning, "warning"},
    {Severity::problem, "problem"},
}};

template <class T>
Result<T> plain_from_json(const Json& json, std::string_view what) {
  T object;
  if (!json.is_object()) {
    return fail(ErrorKind::protocol, "{} is not an object", what);
  }
  if (const auto wrong = members_from_json(json, object)) {
    return fail(ErrorKind::protocol, "{}: '{}' has a wrong type", what, *wrong);
  }
  return object;
}

Json cell_to_json(const CellReport& cell) {
  Json json = members_to_json(cell);
  json["requested"] = to_json(cell.requested);
  json["effective"] = to_json(cell.effective, true);
  json["metrics"] = Json::object();
  for (const auto& [name, summary] : cell.metrics) {
    json["metrics"][name] = members_to_json(summary);
  }
  json["histogram"] = Json::array();
  for (const HistogramBucket& bucket : cell.histogram) {
    json["histogram"].push_back(members_to_json(bucket));
  }
  json["buffers"] = to_json(cell.buffers);
  json["graph"] = cell.graph ? to_json(*cell.graph) : Json(nullptr);
  json["flash_attention"] = members_to_json(cell.flash_attention);
  return json;
}

Result<Summary> summary_from_json(const Json& json) {
  return plain_from_json<Summary>(json, "a metric of a cell");
}

Result<HistogramBucket> bucket_from_json(const Json& json) {
  return plain_from_json<HistogramBucket>(json, "a histogram bucket");
}

// `key` of `object` as a list read by `read`; absent is empty.
template <class T>
Status read_list(const Json& object, const char* key, std::vector<T>& items, Result<T> (*read)(const Json&)) {
  const auto list = object.find(key);
  if (list == object.end()) {
    return {};
  }
  if (!list->is_array()) {
    return fail(ErrorKind::protocol, "'{}' is not a list", key);
  }
  for (const Json& item : *list) {
    auto made = read(item);
    if (!made) {
      return context(Result<void>(made.failure()), fmt::format("{}[{}]", key, items.size()));
    }
    items.push_back(std::move(*made));
  }
  return {};
}

Result<CellReport> cell_from_json(const Json& json) {
  MIA_TRY_ASSIGN(CellReport cell, plain_from_json<CellReport>(json, "a cell"));
  MIA_TRY_ASSIGN(cell.requested, settings_from_json(get_member(json, "requested")));
  MIA_TRY_ASSIGN(cell.effective, settings_from_json(get_member(json, "effective")));
  const Json& metrics = get_member(json, "metrics");
  if (!metrics.is_object()) {
    return fail(ErrorKind::protocol, "a cell: 'metrics' is not an object");
  }
  for (const auto& [name, value] : metrics.items()) {
    MIA_TRY_ASSIGN(cell.metrics[name], context(summary_from_json(value), name));
  }
  MIA_TRY(read_list(json, "histogram", cell.histogram, bucket_from_json));
  cell.buffers = buffers_from_json(get_member(json, "buffers"));
  if (const Json& graph = get_member(json, "graph"); !graph.empty()) {
    MIA_TRY_ASSIGN(cell.graph, graph_from_json(graph));
  }
  if (json.contains("flash_attention")) {
    MIA_TRY_ASSIGN(cell.flash_attention,
                   plain_from_json<FlashAttention>(json.at("flash_attention"), "flash_attention"));
  }
  return cell;
}

Json finding_to_json(const Finding& finding) {
  Json json = members_to_json(finding);
  for (const auto& [severity, name] : kSeverities) {
    if (severity == finding.severity) {
      json["severity"] = name;
    }
  }
  return json;
}

Result<Finding> finding_from_json(const Json& json) {
  MIA_TRY_ASSIGN(Finding finding, plain_from_json<Finding>(json, "a finding"));
  const std::string wanted = get_string(json, "severity").value_or("info");
  for (const auto& [severity, name] : kSeverities) {
    if (name == wanted) {
      finding.severity = severity;
      return finding;
    }
  }
  return fail(ErrorKind::protocol, "a finding: severity is none of info, warning, problem");
}

// null or absent is nullopt.
template <class T>
Result<std::optional<T>> optional_from_json(const Json& object, const char* key) {
  const auto at = object.find(key);
  if (at == object.end() || at->is_null()) {
    return std::optional<T>();
  }
  MIA_TRY_ASSIGN(T value, plain_from_json<T>(*at, key));
  return std::optional<T>(std::move(value));
}

template <class T>
Json optional_to_json(const std::optional<T>& value) {
  return value ? members_to_json(*value) : Json(nullptr);
}

Json check_to_json(const Check& check) {
  Json json = members_to_json(check);
  json["confirmation"] = optional_to_json(check.confirmation);
  return json;
}

Result<TimePart> time_part_from_json(const Json& json) {
  return plain_from_json<TimePart>(json, "a part of the time");
}

Result<Check> check_from_json(const Json& json) {
  MIA_TRY_ASSIGN(Check check, plain_from_json<Check>(json, "a check"));
  MIA_TRY_ASSIGN(check.confirmation, optional_from_json<Confirmation>(json, "confirmation"));
  return check;
}

Result<Quality> quality_from_json(const Json& json) {
  return plain_from_json<Quality>(json, "the quality of a model");
}

Result<PartReport> part_from_json(const Json& json) {
  return plain_from_json<PartReport>(json, "a part");
}

template <class T, class Write>
Json list_to_json(const std::vector<T>& items, Write write) {
  Json json = Json::array();
  for (const T& item : items) {
    json.push_back(write(item));
  }
  return json;
}

}  // namespace

Json to_json(const Report& report) {
  const auto plain = [](const auto& item) { return to_json(item); };
  Json json = members_to_json(report);
  json["environment"] = to_json(report.machine);
  json["runtimes"] = list_to_json(report.runtimes, plain);
  json["models"] = list_to_json(report.models, plain);
  json["settings"] = to_json(report.settings);
  json["cells"] = list_to_json(report.cells, cell_to_json);
  json["trials"] = list_to_json(report.trials, plain);
  json["findings"] = list_to_json(report.findings, finding_to_json);
  json["time_parts"] = list_to_json(report.time_parts, [](const TimePart& part) { return members_to_json(part); });
  json["checks"] = list_to_json(report.checks, check_to_json);
  json["judgement"] = optional_to_json(report.judgement);
  const auto members = [](const auto& item) { return members_to_json(item); };
  json["quality"] = list_to_json(report.quality, members);
  json["parts"] = list_to_json(report.parts, members);
  return json;
}

Result<Report> report_from_json(const Json& json) {
  MIA_TRY_ASSIGN(Report report, plain_from_json<Report>(json, "a report"));
  MIA_TRY_ASSIGN(report.machine, machine_from_json(get_member(json, "environment")));
  MIA_TRY_ASSIGN(report.settings, settings_from_json(get_member(json, "settings")));
  MIA_TRY(read_list(json, "runtimes", report.runtimes, runtime_from_json));
  MIA_TRY(read_list(json, "models", report.models, model_from_json));
  MIA_TRY(read_list(json, "cells", report.cells, cell_from_json));
  MIA_TRY(read_list(json, "trials", report.trials, trial_from_json));
  MIA_TRY(read_list(json, "findings", report.findings, finding_from_json));
  MIA_TRY(read_list(json, "time_parts", report.time_parts, time_part_from_json));
  MIA_TRY(read_list(json, "checks", report.checks, check_from_json));
  MIA_TRY_ASSIGN(report.judgement, optional_from_json<Judgement>(json, "judgement"));
  MIA_TRY(read_list(json, "quality", report.quality, quality_from_json));
  MIA_TRY(read_list(json, "parts", report.parts, part_from_json));
  return report;
}

}  // namespace mia::record
