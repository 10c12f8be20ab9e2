// SPDX-License-Identifier: MIT
#include "report/rows.h"

#include <algorithm>
#include <cmath>

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "report/shapes.h"

namespace mia::report {
namespace {

const Figure* find_figure(const Row& row, std::string_view name) {
  const auto at = std::ranges::find(row.figures, name, &Figure::name);
  return at == row.figures.end() ? nullptr : &*at;
}

std::optional<double> number_of(const Row& row, std::string_view name) {
  const Figure* const figure = find_figure(row, name);
  const auto* const number = figure == nullptr ? nullptr : std::get_if<NumberFigure>(&figure->what);
  return number == nullptr ? std::nullopt : number->summary.value;
}

// The same cell at another of its points.
record::CellReport at_point(const record::CellReport& cell, const record::Point& point) {
  record::CellReport other = cell;
  other.point = point;
  other.also.clear();
  for (const record::Setting& setting : point.settings) {
    if (setting.word.empty() || record::is_set(setting.value)) {  // unknown in schema 1
      record::set(other.requested, *setting.field, setting.value);
    }
  }
  return other;
}

std::vector<Row> rows_of(const Part& part) {
  if (has_modes(part)) {
    switch (part.table) {
      case record::TableShape::long_context:
        return long_context_rows(part);
      case record::TableShape::latency:
        return latency_rows(part);
      case record::TableShape::quant:
        return quant_rows(part);
      default:
        break;
    }
  }
  return plain_rows(part);
}

}  // namespace

std::vector<Part> parts_of(const record::Report& report, bool latency) {
  std::vector<Part> parts;
  for (const record::CellReport& cell : report.cells) {
    const std::string& name = cell.part.empty() ? report.scenario : cell.part;
    auto part = std::ranges::find(parts, name, &Part::name);
    if (part == parts.end()) {
      const record::TableShape table = table_of(report, cell.part);
      part = parts.insert(parts.end(), {name, table, {}, &report, latency || table == record::TableShape::latency});
    }
    part->cells.push_back(cell);
    for (const record::Point& point : cell.also) {
      part->cells.push_back(at_point(cell, point));
    }
  }
  return parts;
}

bool wants_latency(const record::Report& report) {
  return report.table == record::TableShape::latency || report.settings.run.latency_dist.value_or(false);
}

std::vector<RowSet> row_sets(const record::Report& report, bool latency) {
  std::vector<RowSet> sets;
  for (const Part& part : parts_of(report, latency)) {
    sets.push_back({part.name, rows_of(part)});
  }
  return sets;
}

Json aggregates(const RowSet& rows) {
  Json json = {{"best", nullptr}, {"best_tps", nullptr}};
  double best = 0;
  for (const Row& row : rows.rows) {
    for (const char* const name : {"tps", "tokens_per_s", "long_tps"}) {
      const auto speed = number_of(row, name);
      if (speed && *speed > best) {
        best = *speed;
        const Figure* const label = find_figure(row, "label");
        json["best"] = label == nullptr ? Json(nullptr) : Json(std::get<std::string>(label->what));
        json["best_tps"] = *speed;
      }
    }
  }
  struct Worst {
    const char* name;
    bool largest;
  };
  for (const auto& [name, largest] :
       {Worst{"p95_long_over_short", true}, Worst{"tps_long_over_short", false}, Worst{"degradation", false}}) {
    std::optional<double> worst;
    for (const Row& row : rows.rows) {
      const auto value = number_of(row, name);
      if (value && (!worst || (largest ? *value > *worst : *value < *worst))) {
        worst = value;
      }
    }
    if (worst) {
      json[fmt::format("{}_worst", name)] = *worst;
    }
  }
  return json;
}

document::Table to_table(const RowSet& rows) {
  document::Table table;
  if (rows.rows.empty()) {
    return table;
  }
  for (const Figure& figure : rows.rows.front().figures) {
    table.columns.push_back({figure.name, figure.heading});
  }
  const bool failures = std::ranges::any_of(rows.rows, [](const Row& row) { return !row.failure.empty(); });
  table.columns.push_back({"decode_curve_tok_s", "speed over depth", "tok/s"});
  table.columns.push_back({"decode_curve_depth", ""});
  table.columns.push_back({"outcome", failures ? "outcome" : ""});
  table.columns.push_back({"part", ""});
  for (const Row& row : rows.rows) {
    std::vector<document::Value>& places = table.rows.emplace_back();
    for (const Figure& figure : row.figures) {
      places.push_back(figure.what);
    }
    places.emplace_back(document::Series{row.curve.tok_s});
    places.emplace_back(document::Series{{row.curve.depth.begin(), row.curve.depth.end()}, true});
    places.emplace_back(row.failure.empty() ? std::string("ok") : row.failure);
    places.emplace_back(rows.part);
  }
  return table;
}

std::string word_for(const record::CellReport& cell, const record::Field& field) {
  const auto at = std::ranges::find(cell.point.settings, &field, &record::Setting::field);
  return at == cell.point.settings.end() ? "" : at->word;
}

std::vector<const record::Field*> varying_fields(std::span<const record::CellReport* const> cells, bool with_workload) {
  std::vector<const record::Field*> varying;
  for (const record::Field& field : record::fields()) {
    if (!with_workload && field.key.starts_with("workload.")) {
      continue;
    }
    const bool differs = std::ranges::any_of(cells, [&](const record::CellReport* cell) {
      return record::get(cell->requested, field) != record::get(cells.front()->requested, field) ||
             word_for(*cell, field) != word_for(*cells.front(), field);
    });
    if (differs) {
      varying.push_back(&field);
    }
  }
  return varying;
}

}  // namespace mia::report
