// SPDX-License-Identifier: MIT
#include "report/csv.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <vector>

#include <fmt/core.h>

#include "document/escape.h"
#include "record/fields.h"
#include "record/metrics.h"

namespace mia::report {
namespace {

using document::csv_escape;

constexpr std::string_view kEnd = "\r\n";

// One row: what trial and run it is, then settings, then metrics.
struct Line {
  const record::Report* report = nullptr;
  const record::Trial* trial = nullptr;
  const record::Run* run = nullptr;  // nullptr: the trial has none
  std::size_t run_index = 0;
};

struct Cell {
  std::string_view heading;
  std::string (*of)(const Line&);
};

const record::CellReport* cell_of(const Line& line) {
  const auto at = std::ranges::find(line.report->cells, line.trial->cell, &record::CellReport::key);
  return at == line.report->cells.end() ? nullptr : &*at;
}

template <std::string record::CellReport::*kMember>
std::string cell_text(const Line& line) {
  const record::CellReport* const cell = cell_of(line);
  return cell == nullptr ? "" : csv_escape(cell->*kMember);
}

template <record::OptString record::FlashAttention::*kMember>
std::string flash_text(const Line& line) {
  const record::CellReport* const cell = cell_of(line);
  return cell == nullptr ? "" : csv_escape((cell->flash_attention.*kMember).value_or(""));
}

template <std::string record::Report::*kMember>
std::string report_text(const Line& line) {
  return csv_escape(line.report->*kMember);
}

template <std::string record::Trial::*kMember>
std::string trial_text(const Line& line) {
  return csv_escape(line.trial->*kMember);
}

// Of the cell as a whole: every row of it says the same.
template <std::optional<double> record::CellReport::*kMember>
std::string cell_number(const Line& line) {
  const record::CellReport* const cell = cell_of(line);
  return cell != nullptr && cell->*kMember && std::isfinite(*(cell->*kMember)) ? fmt::format("{}", *(cell->*kMember))
                                                                               : "";
}

std::string label_text(const Line& line) {
  const record::CellReport* const cell = cell_of(line);
  return cell == nullptr ? std::string() : csv_escape(label_of(*cell));
}

std::string phase_name(const Line& line) {
  return line.trial->outcome.phase ? std::string(name_of(*line.trial->outcome.phase)) : "";
}

// clang-format off
constexpr auto kCells = std::to_array<Cell>({
  {"scenario", report_text<&record::Report::scenario>},
  {"session", report_text<&record::Report::session>},
  {"trial", trial_text<&record::Trial::id>},
  {"cell", trial_text<&record::Trial::cell>},
  {"label", label_text},
  {"model", cell_text<&record::CellReport::model>},
  {"runtime", cell_text<&record::CellReport::runtime>},
  {"started", trial_text<&record::Trial::started>},
  {"repeat", +[](const Line& line) { return fmt::format("{}", line.trial->repeat); }},
  {"position", +[](const Line& line) { return fmt::format("{}", line.trial->position); }},
  {"outcome", +[](const Line& line) { return std::string(name_of(line.trial->outcome.kind)); }},
  {"phase", phase_name},
  {"reason", +[](const Line& line) { return csv_escape(line.trial->outcome.reason); }},
  {"cache_state", +[](const Line& line) { return csv_escape(line.trial->cache.state); }},
  {"run", +[](const Line& line) { return line.run == nullptr ? std::string() : fmt::format("{}", line.run_index); }},
  {"warm_up", +[](const Line& line) { return std::string(line.run == nullptr ? "" : line.run->warm_up ? "true" : "false"); }},
  {"input", +[](const Line& line) { return line.run == nullptr ? std::string() : csv_escape(line.run->input); }},
  {"flash_attn_claimed", flash_text<&record::FlashAttention::claimed>},
  {"flash_attn_proven", flash_text<&record::FlashAttention::proven>},
  {"roofline_tok_s", cell_number<&record::CellReport::roofline_tok_s>},
  {"efficiency", cell_number<&record::CellReport::efficiency>},
  {"load_limit_ms", cell_number<&record::CellReport::load_limit_ms>},
  {"stop_reason", +[](const Line& line) { return line.run == nullptr ? std::string() : csv_escape(line.run->stop_reason); }},
});
// clang-format on

bool is_auto(const record::Value& value) {
  return std::holds_alternative<std::monostate>(value);
}

// Rows of the field table that any trial asked for or was told.
std::vector<const record::Field*> used_fields(const record::Report& report) {
  std::vector<const record::Field*> used;
  for (const record::Field& field : record::fields()) {
    if (std::ranges::any_of(report.trials, [&](const record::Trial& trial) {
          return !is_auto(get(trial.requested, field)) || !is_auto(get(trial.effective, field));
        })) {
      used.push_back(&field);
    }
  }
  return used;
}

std::string setting(const record::Settings& settings, const record::Field& field, std::string_view unset) {
  const record::Value value = get(settings, field);
  if (is_auto(value)) {
    return std::string(unset);
  }
  return std::holds_alternative<std::string>(value) ? csv_escape(record::to_text(value)) : record::to_text(value);
}

// A metric of this run alone: the table computes it from a trial that has no other run.
std::vector<std::string> metrics_of(const Line& line) {
  record::Trial trial = *line.trial;
  trial.runs.clear();
  if (line.run != nullptr) {
    trial.runs.push_back(*line.run);
    trial.runs.front().warm_up = false;
  }
  std::vector<std::string> values;
  for (const record::Metric& metric : record::metrics()) {
    const auto value = metric.of(trial);
    values.push_back(value && std::isfinite(*value) ? fmt::format("{}", *value) : "");
  }
  return values;
}

std::string join_line(const std::vector<std::string>& values) {
  std::string line;
  for (std::size_t i = 0; i < values.size(); ++i) {
    line += i == 0 ? "" : ",";
    line += values[i];
  }
  return line.append(kEnd);
}

std::string heading_line(const std::vector<const record::Field*>& used) {
  std::vector<std::string> names;
  names.reserve(kCells.size() + 2 * used.size() + record::metrics().size());
  for (const Cell& cell : kCells) {
    names.emplace_back(cell.heading);
  }
  for (const record::Field* const field : used) {
    names.push_back(fmt::format("requested.{}", field->key));
    names.push_back(fmt::format("effective.{}", field->key));
  }
  for (const record::Metric& metric : record::metrics()) {
    names.emplace_back(metric.name);
  }
  return join_line(names);
}

std::string data_line(const Line& line, const std::vector<const record::Field*>& used) {
  std::vector<std::string> values;
  values.reserve(kCells.size() + 2 * used.size() + record::metrics().size());
  for (const Cell& cell : kCells) {
    values.push_back(cell.of(line));
  }
  for (const record::Field* const field : used) {
    values.push_back(setting(line.trial->requested, *field, "auto"));
    values.push_back(setting(line.trial->effective, *field, ""));
  }
  for (std::string& value : metrics_of(line)) {
    values.push_back(std::move(value));
  }
  return join_line(values);
}

}  // namespace

std::string to_csv(const record::Report& report) {
  const auto used = used_fields(report);
  std::string out = heading_line(used);
  for (const record::Trial& trial : report.trials) {
    if (trial.runs.empty()) {
      out += data_line({&report, &trial, nullptr, 0}, used);
    }
    for (std::size_t i = 0; i < trial.runs.size(); ++i) {
      out += data_line({&report, &trial, &trial.runs[i], i}, used);
    }
  }
  return out;
}

}  // namespace mia::report
