// SPDX-License-Identifier: MIT
#include "judge/mode_anomaly.h"

#include <algorithm>
#include <cmath>
#include <map>

#include <fmt/format.h>

#include "judge/cells.h"
#include "stats/paired.h"
#include "stats/summary.h"

namespace mia::judge {
namespace {

using record::CellReport;
using record::Report;

constexpr const char* kSpeedField = "tokens_per_s";
constexpr std::string_view kContext = "llm.primary.n_ctx";
constexpr std::int64_t kGpuSlowed = 0xE8;  // NVML's reasons: hardware slowdown, both thermal ones, power brake

struct Stop {
  std::int64_t value = 0;
  const CellReport* cell = nullptr;
};

bool varies(const Report& report, const record::Field& field) {
  return std::ranges::any_of(report.cells, [&](const CellReport& cell) {
    return record::get(cell.requested, field) != record::get(report.cells.front().requested, field);
  });
}

std::optional<std::int64_t> place_on(const CellReport& cell, const record::Field& field) {
  for (const record::Settings* const settings : {&cell.requested, &cell.effective}) {
    const record::Value value = record::get(*settings, field);
    if (const auto* const number = std::get_if<std::int64_t>(&value)) {
      return *number;
    }
  }
  return std::nullopt;
}

// Cells that differ in nothing but the field, in the order of its values.
std::vector<std::vector<Stop>> lines_along(const Report& report, const record::Field& field) {
  const auto rest_of = [&](record::Settings settings) {
    record::set(settings, field, {});
    settings.run = {};
    return settings;
  };
  std::vector<std::vector<Stop>> lines;
  for (const CellReport& cell : report.cells) {
    const auto value = place_on(cell, field);
    if (!value) {
      continue;
    }
    const auto at = std::ranges::find_if(lines, [&](const std::vector<Stop>& line) {
      const CellReport& other = *line.front().cell;
      return other.part == cell.part && other.runtime == cell.runtime &&
             rest_of(other.requested) == rest_of(cell.requested);
    });
    (at == lines.end() ? lines.emplace_back() : *at).push_back({*value, &cell});
  }
  for (std::vector<Stop>& line : lines) {
    std::ranges::stable_sort(line, {}, &Stop::value);
  }
  return lines;
}

AxisPoint point_of(const Report& report, const CellReport& cell, Repeats which) {
  return {label_of(cell), values_of(report, cell, kSpeedField, which)};
}

void add_anomalies(const Report& report, const record::Field& field, const std::vector<Stop>& all,
                   std::vector<ModeAnomaly>& found) {
  std::vector<Stop> line;
  std::vector<AxisPoint> axis;
  for (const Stop& stop : all) {
    AxisPoint point = point_of(report, *stop.cell, Repeats::planned);
    if (!point.values.empty()) {  // variants and failures have none; their neighbours become neighbours
      line.push_back(stop);
      axis.push_back(std::move(point));
    }
  }
  for (const Suspect& suspect : find_suspects(axis)) {
    const Stop& before = line[suspect.index - 1];
    const Stop& after = line[suspect.index + 1];
    const Stop& here = line[suspect.index];
    found.push_back({here.cell->key,
                     label_of(*here.cell),
                     &field,
                     here.value,
                     before.value,
                     after.value,
                     {before.cell->key, after.cell->key},
                     suspect.gap,
                     suspect.text});
  }
}

std::optional<double> median_speed(const Report& report, const CellReport* cell, Repeats which) {
  return cell == nullptr ? std::nullopt : stats::median(values_of(report, *cell, kSpeedField, which));
}

// Median fresh speed of the slower neighbour.
std::optional<double> level_of(const Report& report, const ModeAnomaly& anomaly) {
  std::optional<double> least;
  for (const std::string& key : anomaly.neighbours) {
    const auto speed = median_speed(report, find_cell(report, key), Repeats::fresh);
    least = speed && least ? std::min(*speed, *least) : (speed ? speed : least);
  }
  return least;
}

// Greatest p95 of a repeat over the least; nullopt below two.
std::optional<double> p95_spread(const Report& report, const CellReport& cell) {
  const std::vector<double> values = values_of(report, cell, "p95_decode_ms", Repeats::all);
  if (values.size() < 2 || !(std::ranges::min(values) > 0)) {
    return std::nullopt;
  }
  return std::ranges::max(values) / std::ranges::min(values);
}

// Trials of the cell in which the processor or the GPU slowed itself down.
std::int64_t throttled(const Report& report, const CellReport& cell) {
  return std::ranges::count_if(report.trials, [&](const record::Trial& trial) {
    const record::Conditions& at = trial.conditions;
    return trial.cell == cell.key &&
           (at.throttle_events.value_or(0) > 0 || (at.gpu_throttle_reasons.value_or(0) & kGpuSlowed) != 0);
  });
}

struct Cure {
  std::string text;  // "n_gpu_layers=10"
  std::string value;
  std::string field;
  double speed = 0;
};

// What was tried, as evidence, and the fastest of what is no longer off.
std::optional<Cure> best_cure(const Report& report, const ModeAnomaly& anomaly, double level,
                              std::map<std::string, std::string>& evidence) {
  const double enough = level * (1 - AnomalyOptions{}.least_gap / 2);
  const CellReport& here = *find_cell(report, anomaly.cell);
  std::optional<Cure> best;
  for (const Alternative& other : alternatives_of(report, anomaly)) {
    const CellReport* const cell = find_variant(report, here, other.field, other.value);
    const auto speed = median_speed(report, cell, Repeats::fresh);
    const std::string text = fmt::format("{}={}", record::find_field(other.field)->name, other.value);
    if (speed) {
      evidence["of_neighbours " + text] = fmt::format("{:.2f}", *speed / level);
      if (*speed >= enough && (!best || *speed > best->speed)) {
        best = Cure{text, other.value, other.field, *speed};
      }
    } else if (cell != nullptr && !cell->failure.empty()) {
      evidence["of_neighbours " + text] = cell->failure;
    }
  }
  return best;
}

std::string p95_text(const Report& report, const CellReport& here, std::map<std::string, std::string>& evidence) {
  const auto spread = p95_spread(report, here);
  if (!spread) {
    return "; too few p95 for a spread";
  }
  evidence["p95_spread"] = fmt::format("{:.2f}", *spread);
  return fmt::format("; its p95 differs by {:.0f} % between repeats", 100 * (*spread - 1));
}

std::string throttle_text(const Report& report, const CellReport& here, std::map<std::string, std::string>& evidence) {
  const std::int64_t count = throttled(report, here);
  evidence["throttled_trials"] = std::to_string(count);
  return count > 0 ? fmt::format("; throttled in {} trials", count) : "; no throttling seen";
}

}  // namespace

std::vector<ModeAnomaly> find_anomalies(const Report& report) {
  std::vector<ModeAnomaly> found;
  for (const record::Field& field : record::fields()) {
    if (field.type != record::FieldType::integer || !field.key.starts_with("llm.") || !varies(report, field)) {
      continue;
    }
    for (const std::vector<Stop>& line : lines_along(report, field)) {
      if (line.size() >= 3) {
        add_anomalies(report, field, line, found);
      }
    }
  }
  return found;
}

SecondLook second_look_at(const Report& report, const ModeAnomaly& anomaly) {
  const CellReport* const here = find_cell(report, anomaly.cell);
  std::vector<AxisPoint> neighbours;
  for (const std::string& key : anomaly.neighbours) {
    if (const CellReport* const cell = find_cell(report, key)) {
      neighbours.push_back(point_of(report, *cell, Repeats::fresh));
    }
  }
  return here == nullptr ? SecondLook::needs_repeats : confirm(point_of(report, *here, Repeats::fresh), neighbours);
}

std::vector<Alternative> alternatives_of(const Report& report, const ModeAnomaly& anomaly) {
  std::vector<Alternative> list;
  const auto add = [&](std::int64_t neighbour) {
    const std::int64_t distance = neighbour - anomaly.value;
    const auto third = static_cast<std::int64_t>(std::lround(static_cast<double>(distance) / 3));
    if (std::abs(distance) > 1) {
      const std::int64_t step = third == 0 ? (distance > 0 ? 1 : -1) : third;
      list.push_back({std::string(anomaly.field->key), std::to_string(anomaly.value + step)});
    }
  };
  add(anomaly.before);
  add(anomaly.after);
  const CellReport* const here = find_cell(report, anomaly.cell);
  if (here != nullptr && here->requested.llm.n_ctx && anomaly.field->key != kContext) {
    list.push_back({std::string(kContext), "auto"});
  }
  return list;
}

record::Finding diagnose(const Report& report, const ModeAnomaly& anomaly) {
  const bool layers = anomaly.field->key == "llm.primary.n_gpu_layers";
  record::Finding finding{layers ? "partial_offload_anomaly" : "anomaly", record::Severity::warning, anomaly.text, {}};
  auto& evidence = finding.evidence;
  evidence["cell"] = anomaly.cell;
  evidence["gap_percent"] = fmt::format("{:.1f}", stats::percent(anomaly.gap));
  const CellReport& here = *find_cell(report, anomaly.cell);
  const SecondLook state = second_look_at(report, anomaly);
  const auto repeats = values_of(report, here, kSpeedField, Repeats::fresh).size();
  evidence["fresh_repeats"] = std::to_string(repeats);
  if (state == SecondLook::needs_repeats) {
    evidence["state"] = "suspected";
    evidence["ending"] = "not repeated";
    finding.text += tried(report, here, Repeats::fresh) > 0
                        ? "; its repeats were disturbed or failed, so it proves nothing"
                        : "; it was not repeated, so it proves nothing";
    return finding;
  }
  evidence["state"] = std::string(name_of(state));
  if (state == SecondLook::dismissed) {
    evidence["ending"] = "was noise";
    finding.severity = record::Severity::info;
    finding.text += fmt::format("; {} fresh repeats did not confirm it: was noise", repeats);
    return finding;
  }
  const double level = level_of(report, anomaly).value_or(0);
  finding.text += fmt::format("; confirmed by {} fresh repeats", repeats);
  finding.text += p95_text(report, here, evidence) + throttle_text(report, here, evidence);
  const auto cure = best_cure(report, anomaly, level, evidence);
  if (!here.requested.llm.n_ctx) {
    evidence["n_ctx"] = "already the smallest that holds the workload";
  }
  const bool on_axis = cure && cure->field == anomaly.field->key;
  evidence["ending"] = cure ? fmt::format("use {} instead", on_axis ? cure->value : cure->text) : "exclude";
  finding.text += cure ? fmt::format("; {} runs at {:.2f} times the slower neighbour: use {} instead", cure->text,
                                     cure->speed / level, on_axis ? cure->value : cure->text)
                       : std::string("; nothing tried beside it helps: exclude");
  return finding;
}

}  // namespace mia::judge
