// SPDX-License-Identifier: MIT
#include "report/json.h"

#include <algorithm>
#include <cmath>

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "document/json.h"
#include "report/rows.h"
#include "report/sealed.h"
#include "report/shapes.h"

namespace mia::report {
namespace {

constexpr const char* kPrintAgain = "print it again from the store: mia-perf report SESSION --format json";

// Where the load times came from: "mixed" when trials differ, null without a load.
Json load_source(const record::Report& report) {
  Json source = nullptr;
  for (const record::Trial& trial : report.trials) {
    if (!trial.phases.load_ms || !trial.outcome.ok()) {
      continue;
    }
    source =
        source.is_null() || source == trial.phases.load_ms_source ? Json(trial.phases.load_ms_source) : Json("mixed");
  }
  return source;
}

Json version_of(const record::Report& report) {
  Json version = nullptr;
  for (const record::RuntimeInfo& runtime : report.runtimes) {
    version = version.is_null() || version == runtime.version ? Json(runtime.version) : Json("mixed");
  }
  return version;
}

Json limit_of(const record::Report& report) {
  const record::Settings& settings = report.cells.size() == 1 ? report.cells.front().requested : report.settings;
  const auto& limit = settings.llm.max_output_tokens;
  return limit ? Json(*limit) : Json(nullptr);
}

// Every metric of the table under its name, as the seed's reports have them.
void write_top_level(const record::Report& report, const Json& plain, Json& document) {
  const record::CellReport& cell = report.cells.front();
  std::vector<Figure> figures;
  for (const record::Metric& metric : record::metrics()) {
    figures.push_back(metric_figure(&cell, metric.name, std::string(metric.name)));
  }
  Json row = document::to_json(to_table(RowSet{report.scenario, {Row{figures, {}, {}}}})).front();
  row.erase("part");
  row.erase("outcome");
  document.update(row);
  document["requested"] = plain.at("cells").at(0).at("requested");
  document["effective"] = plain.at("cells").at(0).at("effective");
}

void write_rows(const record::Report& report, Json& document) {
  document["rows"] = Json::array();
  document["aggregates"] = Json::object();
  for (const RowSet& set : row_sets(report, wants_latency(report))) {
    for (const Json& row : document::to_json(to_table(set))) {
      document["rows"].push_back(row);
    }
    document["aggregates"][set.part] = aggregates(set);
  }
}

bool is_plain(const Json& json) {
  return !json.is_structured() || json.empty();
}

void print(const Json& json, std::size_t indent, std::string& out);

// `open` and `close` around the printed items, one a line.
template <class PrintItem>
void print_items(const Json& json, std::size_t indent, std::string& out, PrintItem print_item) {
  out += json.is_object() ? "{\n" : "[\n";
  for (auto at = json.begin(); at != json.end(); ++at) {
    out += at == json.begin() ? "" : ",\n";
    out.append(indent + 2, ' ');
    print_item(at);
  }
  out += '\n';
  out.append(indent, ' ');
  out += json.is_object() ? '}' : ']';
}

void print(const Json& json, std::size_t indent, std::string& out) {
  if (json.is_object() && !json.empty()) {
    print_items(json, indent, out, [&](const auto& at) {
      out += dump_json(at.key()) + ": ";
      print(at.value(), indent + 2, out);
    });
  } else if (json.is_array() && !std::ranges::all_of(json, is_plain)) {
    print_items(json, indent, out, [&](const auto& at) { print(*at, indent + 2, out); });
  } else {
    out += dump_json(json);
  }
}

bool is_comparison(const Json& document) {
  return document.is_object() && get_string(document, "kind") == "comparison";
}

Status check_shape(const Json& document) {
  if (!document.is_object()) {
    return fail(ErrorKind::protocol, "this is not a report: the document is not an object");
  }
  const auto schema = get_int(document, "schema");
  if (!schema) {
    return fail(ErrorKind::protocol, "this is not a report of mia-perf: it has no whole number 'schema'");
  }
  if (get_string(document, "kind") == "tune") {
    return with_hint(fail(ErrorKind::unsupported, "this is a race of settings, not a report"),
                     "mia-perf tune --explain FILE prints it");
  }
  if (*schema < 1 || *schema > record::kReportSchema) {
    return with_hint(
        fail(ErrorKind::unsupported, "the report has schema {}, this program reads schema {}", *schema,
             record::kReportSchema),
        *schema > record::kReportSchema ? "read it with a newer mia-perf" : "write it again from the store");
  }
  for (const char* const key : {"scenario", "session", "environment", "cells", "trials"}) {
    if (!document.contains(key)) {
      return fail(ErrorKind::protocol, "the report is not whole: '{}' is missing", key);
    }
  }
  return {};
}

Status check_hash(const Json& document, Edited edited, const char* what) {
  if (edited == Edited::refuse && !is_intact(document)) {
    return with_hint(
        fail(ErrorKind::protocol, "the {} was changed after it was written: its content_hash does not match", what),
        "--allow-edited takes it as it is");
  }
  return {};
}

}  // namespace

Json to_document(const record::Comparison& comparison) {
  Json document = record::to_json(comparison);
  seal(document);
  return document;
}

Json to_document(const record::Report& report) {
  const Json plain = record::to_json(report);
  Json document = plain;
  document["llama_cpp_version"] = version_of(report);
  document["load_ms_source"] = load_source(report);
  document["cfg_max_output_tokens"] = limit_of(report);
  if (report.cells.size() == 1) {
    write_top_level(report, plain, document);
  }
  if (report.models.size() == 1) {
    document["model"] = plain.at("models").at(0);
  }
  if (report.runtimes.size() == 1) {
    document["runtime"] = plain.at("runtimes").at(0);
  }
  write_rows(report, document);
  seal(document);
  return document;
}

Result<record::Report> from_document(const Json& document, Edited edited) {
  if (is_comparison(document)) {
    return with_hint(fail(ErrorKind::usage, "this is a comparison, not a report of cells"),
                     "it says: " + one_line(get_string(document, "sentence").value_or(""), 300));
  }
  MIA_TRY(check_shape(document));
  MIA_TRY(check_hash(document, edited, "report"));
  return record::report_from_json(document);
}

Result<record::Comparison> comparison_of(const Json& document, Edited edited) {
  MIA_TRY_ASSIGN(record::Comparison comparison, record::comparison_from_json(document));
  MIA_TRY(check_hash(document, edited, "comparison"));
  return comparison;
}

Result<record::Report> read_report(const std::filesystem::path& path, Edited edited) {
  MIA_TRY_ASSIGN(const Json document, read_document(path, "report", kPrintAgain));
  return context(from_document(document, edited), one_line(path.string(), 300));
}

Result<record::Comparison> read_comparison(const std::filesystem::path& path, Edited edited) {
  MIA_TRY_ASSIGN(const Json document,
                 read_document(path, "comparison", "it is not whole: record it again with mia-perf compare"));
  return context(comparison_of(document, edited), one_line(path.string(), 300));
}

Result<Found> read_result(const std::filesystem::path& path, Edited edited) {
  MIA_TRY_ASSIGN(const Json document, read_document(path, "report", kPrintAgain));
  const std::string name = one_line(path.string(), 300);
  if (is_comparison(document)) {
    MIA_TRY_ASSIGN(record::Comparison comparison, context(comparison_of(document, edited), name));
    return Found(std::move(comparison));
  }
  MIA_TRY_ASSIGN(record::Report found, context(from_document(document, edited), name));
  return Found(std::move(found));
}

std::string pretty_json(const Json& json) {
  std::string out;
  print(json, 0, out);
  return out + '\n';
}

std::string to_jsonl(const record::Report& report) {
  std::string out;
  for (const record::Trial& trial : report.trials) {
    const auto cell = std::ranges::find(report.cells, trial.cell, &record::CellReport::key);
    Json line = record::to_json(trial);
    line["schema"] = report.schema;
    line["scenario"] = report.scenario;
    line["session"] = report.session;
    line["model"] = cell == report.cells.end() ? Json(nullptr) : Json(cell->model);
    line["runtime"] = cell == report.cells.end() ? Json(nullptr) : Json(cell->runtime);
    out += dump_json(line) + '\n';
  }
  return out;
}

}  // namespace mia::report
