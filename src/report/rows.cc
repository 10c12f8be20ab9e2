// SPDX-License-Identifier: MIT
#include "report/rows.h"

#include <algorithm>
#include <cmath>

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "report/shapes.h"
#include "report/sparkline.h"

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

// The same cell under another of its names: the label's "n_threads=auto" replaces what was asked for.
record::CellReport under_name(const record::CellReport& cell, const std::string& label) {
  record::CellReport other = cell;
  other.label = label;
  other.also.clear();
  record::Settings requested = cell.requested;
  for (const std::string& pair : split(label, ' ')) {
    const std::size_t at = pair.find('=');
    if (at == std::string::npos || !record::set_text(requested, pair.substr(0, at), pair.substr(at + 1))) {
      return other;
    }
  }
  other.requested = requested;
  return other;
}

std::vector<Part> parts_of(const record::Report& report, bool latency) {
  std::vector<Part> parts;
  for (const record::CellReport& cell : report.cells) {
    const std::string& name = cell.part.empty() ? report.scenario : cell.part;
    auto part = std::ranges::find(parts, name, &Part::name);
    if (part == parts.end()) {
      part = parts.insert(parts.end(), {name, {}, &report, latency || name == "latency"});
    }
    part->cells.push_back(cell);
    for (const std::string& label : cell.also) {
      part->cells.push_back(under_name(cell, label));
    }
  }
  return parts;
}

std::vector<Row> rows_of(const Part& part) {
  if (has_modes(part)) {
    if (part.name == "long-context") {
      return long_context_rows(part);
    }
    if (part.name == "latency") {
      return latency_rows(part);
    }
    if (part.name == "quant-compare") {
      return quant_rows(part);
    }
  }
  return plain_rows(part);
}

Json figure_number(const NumberFigure& number, const std::optional<double>& value) {
  if (!value || !std::isfinite(*value)) {
    return nullptr;
  }
  constexpr double kExact = 9007199254740992.0;  // 2^53
  const bool whole = number.whole && std::floor(*value) == *value && std::abs(*value) < kExact;
  return whole ? Json(static_cast<std::int64_t>(*value)) : Json(*value);
}

void write_number(const std::string& name, const NumberFigure& number, Json& json) {
  json[name] = figure_number(number, number.summary.value);
  if (number.interval) {
    json[name + "_low"] = figure_number(number, number.summary.low);
    json[name + "_high"] = figure_number(number, number.summary.high);
  }
  if (json[name].is_null() && !number.summary.null_reason.empty()) {
    json["null_reasons"][name] = number.summary.null_reason;
  }
}

void write_figure(const Figure& figure, Json& json) {
  if (const auto* const text = std::get_if<std::string>(&figure.what)) {
    json[figure.name] = *text;
  } else if (const auto* const number = std::get_if<NumberFigure>(&figure.what)) {
    write_number(figure.name, *number, json);
  } else if (const auto* const word = std::get_if<WordFigure>(&figure.what)) {
    json[figure.name] = word->word ? Json(*word->word) : Json(nullptr);
    if (!word->word && !word->null_reason.empty()) {
      json["null_reasons"][figure.name] = word->null_reason;
    }
  } else if (const auto* const setting = std::get_if<SettingFigure>(&figure.what)) {
    const bool known = !std::holds_alternative<std::monostate>(setting->effective);
    json[figure.name] = record::to_json(setting->requested);
    json[figure.name + "_effective"] = known ? record::to_json(setting->effective) : Json(nullptr);
  }
}

std::string figure_text(const Figure& figure) {
  if (const auto* const text = std::get_if<std::string>(&figure.what)) {
    return *text;
  }
  if (const auto* const number = std::get_if<NumberFigure>(&figure.what)) {
    return number->interval ? describe_interval(number->summary, number->style)
                            : format_number(number->summary.value, number->style);
  }
  if (const auto* const word = std::get_if<WordFigure>(&figure.what)) {
    return word->word.value_or(std::string(kDash));
  }
  const auto& setting = std::get<SettingFigure>(figure.what);
  const std::string asked = record::to_text(setting.requested);
  const bool same = std::holds_alternative<std::monostate>(setting.effective) || setting.effective == setting.requested;
  return same ? asked : fmt::format("{} ({})", asked, record::to_text(setting.effective));
}

// "52.3 ▇▆▅▄ 48.1": the first and the last share in numbers.
std::string curve_text(const Row& row) {
  return row.curve.empty() ? std::string()
                           : fmt::format("{:.1f} {} {:.1f}", row.curve.front(), sparkline(row.curve), row.curve.back());
}

bool has_curve(const RowSet& set) {
  return std::ranges::any_of(set.rows, [](const Row& row) { return !row.curve.empty(); });
}

// Why there is a dash in this place; nothing where there is a value.
std::optional<std::string> reason_of_null(const Figure& figure) {
  if (const auto* const word = std::get_if<WordFigure>(&figure.what); word != nullptr && !word->word) {
    return word->null_reason;
  }
  const auto* const number = std::get_if<NumberFigure>(&figure.what);
  return number == nullptr || number->summary.value ? std::nullopt : std::optional(number->summary.null_reason);
}

// A place without a value in any row has no column, unless a reason says why it is empty.
bool is_shown(const RowSet& set, std::size_t column) {
  return !set.rows.front().figures[column].heading.empty() && std::ranges::any_of(set.rows, [&](const Row& row) {
    const auto reason = reason_of_null(row.figures[column]);
    return !reason || !reason->empty();
  });
}

// Why a shown figure is a dash; "" when it is none, or when the outcome beside it says so already.
std::string null_note(const Row& row, const Figure& figure) {
  const auto reason = reason_of_null(figure);
  if (!reason || figure.heading.empty()) {
    return "";
  }
  const bool told = reason->empty() || row.failure.find(*reason) != std::string::npos;
  return told ? "" : fmt::format("{}: {}", figure.heading, *reason);
}

}  // namespace

bool wants_latency(const record::Report& report) {
  return report.scenario == "latency" || report.settings.run.latency_dist.value_or(false);
}

std::vector<RowSet> row_sets(const record::Report& report, bool latency) {
  std::vector<RowSet> sets;
  for (const Part& part : parts_of(report, latency)) {
    sets.push_back({part.name, rows_of(part)});
  }
  return sets;
}

Json to_json(const RowSet& rows) {
  Json list = Json::array();
  for (const Row& row : rows.rows) {
    Json json = {{"part", rows.part}, {"outcome", row.failure.empty() ? "ok" : row.failure}};
    for (const Figure& figure : row.figures) {
      write_figure(figure, json);
    }
    if (!row.curve.empty()) {
      json["decode_curve_tok_s"] = row.curve;
      json["decode_curve_depth"] = row.curve_depth;
    }
    list.push_back(std::move(json));
  }
  return list;
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

Table to_table(const RowSet& rows) {
  Table table;
  if (rows.rows.empty()) {
    return table;
  }
  const bool failures = std::ranges::any_of(rows.rows, [](const Row& row) { return !row.failure.empty(); });
  const std::vector<Figure>& first = rows.rows.front().figures;
  table.rows.resize(rows.rows.size());
  for (std::size_t column = 0; column < first.size(); ++column) {
    if (!is_shown(rows, column)) {
      continue;
    }
    // Only text may be shortened: settings and numbers are right-aligned.
    const bool text = std::holds_alternative<std::string>(first[column].what) ||
                      std::holds_alternative<WordFigure>(first[column].what);
    table.columns.push_back({first[column].heading, text ? Align::left : Align::right});
    for (std::size_t i = 0; i < rows.rows.size(); ++i) {
      table.rows[i].push_back(figure_text(rows.rows[i].figures[column]));
    }
  }
  const auto extra = [&](const char* heading, Align align, auto text) {
    table.columns.push_back({heading, align});
    for (std::size_t i = 0; i < rows.rows.size(); ++i) {
      table.rows[i].push_back(text(rows.rows[i]));
    }
  };
  if (has_curve(rows)) {
    extra("speed over depth (tok/s)", Align::right, curve_text);
  }
  if (failures) {
    extra("outcome", Align::left, [](const Row& row) { return row.failure.empty() ? std::string("ok") : row.failure; });
  }
  return table;
}

std::vector<std::string> null_notes(std::span<const RowSet> sets) {
  std::vector<std::string> notes;
  for (const RowSet& set : sets) {
    for (const Row& row : set.rows) {
      for (const Figure& figure : row.figures) {
        const std::string note = null_note(row, figure);
        if (!note.empty() && std::ranges::find(notes, note) == notes.end()) {
          notes.push_back(note);
        }
      }
    }
  }
  return notes;
}

std::vector<const record::Field*> varying_fields(std::span<const record::CellReport* const> cells, bool with_workload) {
  std::vector<const record::Field*> varying;
  for (const record::Field& field : record::fields()) {
    if (!with_workload && field.key.starts_with("workload.")) {
      continue;
    }
    const bool differs = std::ranges::any_of(cells, [&](const record::CellReport* cell) {
      return record::get(cell->requested, field) != record::get(cells.front()->requested, field);
    });
    if (differs) {
      varying.push_back(&field);
    }
  }
  return varying;
}

}  // namespace mia::report
