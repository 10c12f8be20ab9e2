// SPDX-License-Identifier: MIT
#include "judge/cells.h"

#include <algorithm>
#include <set>

#include "record/fields.h"
#include "record/metrics.h"
#include "record/standing.h"

namespace mia::judge {
namespace {

using record::CellReport;
using record::Report;

constexpr std::int64_t kStandardRepeats = 5;

std::int64_t planned_repeats(const CellReport& cell) {
  return cell.requested.run.repeats.value_or(kStandardRepeats);
}

bool belongs(const record::Trial& trial, const CellReport& cell, Repeats which) {
  if (trial.cell != cell.key) {
    return false;
  }
  const std::int64_t fresh = trial.repeat - planned_repeats(cell);
  return fresh < 0 ? which.own : fresh >= which.from && fresh < which.to;
}

}  // namespace

std::optional<double> value_of(const CellReport& cell, std::string_view metric) {
  const auto at = cell.metrics.find(std::string(metric));
  return at == cell.metrics.end() ? std::nullopt : at->second.value;
}

std::vector<PartView> parts_of(const Report& report) {
  std::vector<PartView> parts;
  for (const CellReport& cell : report.cells) {
    auto part = std::ranges::find(parts, cell.part, &PartView::name);
    if (part == parts.end()) {
      part = parts.insert(parts.end(), {&report, cell.part, {}});
    }
    part->cells.push_back(&cell);
  }
  return parts;
}

PartView whole_of(const Report& report) {
  return {&report, "", record::cells_of(report)};
}

bool may_recommend(const PartView& part) {
  const std::vector<record::PartReport>& parts = part.report->parts;
  const auto at = std::ranges::find(parts, part.name, &record::PartReport::name);
  return at == parts.end() || at->recommends;
}

const CellReport* find_cell(const Report& report, std::string_view key) {
  const auto at = std::ranges::find(report.cells, key, &CellReport::key);
  return at == report.cells.end() ? nullptr : &*at;
}

bool took_effect(const CellReport& cell, const CellReport& like, const record::Field& field) {
  const record::Value mine = record::get(cell.effective, field);
  return !record::is_set(mine) || mine != record::get(like.effective, field);
}

bool differs_in_effect(const CellReport& cell, const CellReport& like) {
  return cell.model != like.model || cell.runtime != like.runtime ||
         std::ranges::any_of(record::fields(), [&](const record::Field& field) {
           return field.key.starts_with("llm.") &&
                  record::get(cell.requested, field) != record::get(like.requested, field) &&
                  took_effect(cell, like, field);
         });
}

const CellReport* find_variant(const Report& report, const CellReport& like, std::string_view field,
                               std::string_view value) {
  record::Settings wanted = like.requested;
  if (!record::set_text(wanted, field, value)) {
    return nullptr;
  }
  const auto at = std::ranges::find_if(report.cells, [&](const CellReport& cell) {
    return cell.runtime == like.runtime && cell.part == like.part && cell.requested.llm == wanted.llm &&
           cell.requested.workload == wanted.workload;
  });
  return at == report.cells.end() ? nullptr : &*at;
}

std::vector<const record::Trial*> counted(const Report& report, const CellReport& cell, Repeats which) {
  std::vector<const record::Trial*> trials;
  for (const record::Trial& trial : report.trials) {
    if (belongs(trial, cell, which) && record::is_undisturbed(trial)) {
      trials.push_back(&trial);
    }
  }
  std::ranges::stable_sort(trials, {}, &record::Trial::repeat);
  return trials;
}

std::vector<double> values_of(const Report& report, const CellReport& cell, std::string_view metric, Repeats which) {
  std::vector<double> values;
  const record::Metric* const row = record::find_metric(metric);
  for (const record::Trial* const trial : counted(report, cell, which)) {
    if (const auto value = row == nullptr ? std::nullopt : row->of(*trial)) {
      values.push_back(*value);
    }
  }
  return values;
}

std::int64_t tried(const Report& report, const CellReport& cell, Repeats which) {
  std::set<std::int64_t> repeats;
  for (const record::Trial& trial : report.trials) {
    if (belongs(trial, cell, which)) {
      repeats.insert(trial.repeat);
    }
  }
  return static_cast<std::int64_t>(repeats.size());
}

}  // namespace mia::judge
