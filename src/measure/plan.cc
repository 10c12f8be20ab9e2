// SPDX-License-Identifier: MIT
#include "measure/plan.h"

#include <algorithm>
#include <cmath>
#include <set>

#include <nlohmann/json.hpp>

#include "base/files.h"
#include "base/text.h"
#include "measure/workload.h"
#include "record/fields.h"
#include "stats/random.h"

namespace mia::measure {
namespace {

constexpr std::size_t kMaxCells = 2000;
constexpr std::size_t kMaxTrials = 10'000;

// Of the cores that this process may use: more threads than those take turns.
std::string core_word(const std::string& text, const record::Machine& machine) {
  const std::int64_t cpus = machine.allowed_cpus.value_or(machine.logical_cpus.value_or(1));
  const std::int64_t cores = machine.allowed_cores.value_or(std::min(cpus, machine.physical_cores.value_or(cpus)));
  if (text == "allowed") {
    return std::to_string(cpus);
  }
  if (text == "physical") {
    return std::to_string(cores);
  }
  if (text == "p-cores") {  // none of them allowed, or all cores alike: those that are
    const std::int64_t fast = machine.allowed_performance_cores.value_or(0);
    return std::to_string(fast > 0 ? fast : cores);
  }
  return text == "half" ? std::to_string(std::max<std::int64_t>(1, cores / 2)) : text;
}

Status apply(record::Settings& settings, const SettingList& list, const record::Machine& machine) {
  for (const auto& [key, text] : list) {
    MIA_TRY(record::set_text(settings, key, core_word(text, machine)));
  }
  return {};
}

// One choice of a value for each axis.
struct Point {
  SettingList settings;
  std::string label;
};

std::vector<Point> points_of(const Scenario& scenario) {
  std::vector<Point> points = {{}};
  for (const Axis& axis : scenario.axes) {
    const std::string name(record::find_field(axis.key)->name);
    std::vector<Point> next;
    for (const Point& point : points) {
      for (const std::string& value : axis.values) {
        Point more = point;
        more.settings.emplace_back(axis.key, value);
        more.label += fmt::format("{}{}={}", more.label.empty() ? "" : " ", name, value);
        next.push_back(std::move(more));
        if (next.size() > kMaxCells) {
          return next;
        }
      }
    }
    points = std::move(next);
  }
  return points;
}

// Expands one scenario into cells at the end of the plan.
class Expander {
 public:
  Expander(Plan& plan, const PlanInput& input, const record::Machine& machine, const SubjectOf& subject_of)
      : plan_(plan), input_(input), machine_(machine), subject_of_(subject_of) {}

  Status expand(const Scenario& scenario, const std::string& part) {
    std::vector<WorkloadVariant> workloads = scenario.workloads;
    if (workloads.empty()) {
      workloads.push_back({});
    }
    record::Settings base = input_.base;
    MIA_TRY(apply(base, scenario.settings, machine_));
    for (const Point& point : points_of(scenario)) {
      for (const WorkloadVariant& workload : workloads) {
        MIA_TRY(add(scenario, base, point, workload, part));
      }
    }
    return {};
  }

 private:
  Status add(const Scenario& scenario, record::Settings settings, const Point& point, const WorkloadVariant& workload,
             const std::string& part) {
    if (!workload.name.empty()) {
      settings.workload.name = workload.name;
    }
    MIA_TRY(apply(settings, workload.settings, machine_));
    SettingList shares;
    MIA_TRY(apply(settings, without_shares(point.settings, shares), machine_));
    MIA_TRY(apply(settings, input_.fixed, machine_));
    PlannedCell cell;
    cell.label = point.label.empty() ? scenario.name : point.label;
    if (scenario.workloads.size() > 1) {
      cell.label += fmt::format("{}{}", cell.label.empty() ? "" : " ", workload.name);
    }
    cell.part = part;
    cell.key = part.empty() ? cell.label : fmt::format("{}/{}", part, cell.label);
    if (!wanted(cell)) {
      return {};
    }
    if (plan_.cells.size() >= kMaxCells) {
      return fail(ErrorKind::usage, "scenario {} has more than {} cells; give its axes fewer values", scenario.name,
                  kMaxCells);
    }
    MIA_TRY(make_request(settings));
    MIA_TRY_ASSIGN(cell.subject, subject_of_(settings));
    MIA_TRY(apply_shares(settings, shares, cell.subject.model));
    cell.settings = std::move(settings);
    plan_.cells.push_back(std::move(cell));
    return {};
  }

  // "25%" of the layers can only be said once the model is known.
  static SettingList without_shares(const SettingList& settings, SettingList& shares) {
    SettingList rest;
    for (const auto& setting : settings) {
      (setting.second.ends_with('%') ? shares : rest).push_back(setting);
    }
    return rest;
  }

  static Status apply_shares(record::Settings& settings, const SettingList& shares, const record::ModelInfo& model) {
    for (const auto& [key, text] : shares) {
      MIA_TRY_ASSIGN(const double share, context(parse_fraction(text), key));
      if (share < 0 || share > 1) {
        return fail(ErrorKind::usage, "axis {}: {} is no share of the layers: 0% to 100%", key, one_line(text, 40));
      }
      const auto layers = std::llround(share * static_cast<double>(model.layers.value_or(0)));
      MIA_TRY(record::set_text(settings, key, std::to_string(layers)));
    }
    return {};
  }

  [[nodiscard]] bool wanted(const PlannedCell& cell) const {
    return input_.only.empty() || std::ranges::any_of(input_.only, [&](const std::string& part) {
             return cell.key.find(part) != std::string::npos;
           });
  }

  Plan& plan_;
  const PlanInput& input_;
  const record::Machine& machine_;
  const SubjectOf& subject_of_;
};

void add_checks(Scenario& whole, const Scenario& part) {
  for (const std::string& check : part.checks) {
    if (!whole.has_check(check)) {
      whole.checks.push_back(check);
    }
  }
}

// What a file that a setting names says now; a changed prompt is another plan.
std::string content_of(const record::OptString& file) {
  constexpr std::size_t kMost = std::size_t{64} << 20U;
  const auto text = file && !file->empty() ? read_file(*file, kMost) : Result<std::string>(std::string());
  return text && !text->empty() ? hash_hex(*text) : std::string();
}

Json cell_identity(const PlannedCell& cell) {
  return {{"key", cell.key},
          {"settings", record::to_json(cell.settings)},
          {"model", cell.subject.model.header_hash},
          {"runtime", cell.subject.runtime.library_hashes},
          {"runtime_name", cell.subject.runtime.name},
          {"prompt", content_of(cell.settings.workload.prompt_file)},
          {"quality_text", content_of(cell.settings.run.quality_file)}};
}

std::string hash_of(const Plan& plan, const record::Machine& machine) {
  Json json = {{"scenario", to_json(plan.scenario)}, {"machine", machine.fingerprint}, {"cells", Json::array()}};
  for (const PlannedCell& cell : plan.cells) {
    json["cells"].push_back(cell_identity(cell));
  }
  return hash_hex(dump_json(json));
}

}  // namespace

void order_slots(Plan& plan) {
  plan.order.clear();
  std::int64_t rounds = 0;
  for (const PlannedCell& cell : plan.cells) {
    rounds = std::max(rounds, cell.settings.run.repeats.value_or(5));
  }
  const auto seed = static_cast<std::uint64_t>(plan.base.run.seed.value_or(1));
  stats::Random random(seed);
  for (std::int64_t round = 0; round < rounds; ++round) {
    std::vector<Slot> slots;
    for (std::size_t cell = 0; cell < plan.cells.size(); ++cell) {
      if (round < plan.cells[cell].settings.run.repeats.value_or(5)) {
        slots.push_back({cell, round});
      }
    }
    random.shuffle(std::span(slots));
    plan.order.insert(plan.order.end(), slots.begin(), slots.end());
  }
  if (plan.scenario.order == "sequential") {
    std::ranges::stable_sort(plan.order, {}, &Slot::cell);
  }
}

void add_repeats(Plan& plan, std::span<const Again> again) {
  constexpr std::uint64_t kFollowUpSeed = 0x9e3779b97f4a7c15;  // another order than the plan's own
  stats::Random random(kFollowUpSeed + static_cast<std::uint64_t>(plan.base.run.seed.value_or(1)) + plan.order.size());
  std::int64_t rounds = 0;
  for (const Again& more : again) {
    rounds = std::max(rounds, more.repeats);
  }
  for (std::int64_t round = 0; round < rounds; ++round) {
    std::vector<Slot> slots;
    for (const Again& more : again) {
      const Slot slot{more.cell, plan.cells[more.cell].settings.run.repeats.value_or(5) + round};
      const bool there = std::ranges::any_of(
          plan.order, [&](const Slot& other) { return other.cell == slot.cell && other.repeat == slot.repeat; });
      if (round < more.repeats && !there) {
        slots.push_back(slot);
      }
    }
    random.shuffle(std::span(slots));
    plan.order.insert(plan.order.end(), slots.begin(), slots.end());
  }
}

Result<std::size_t> add_variant(Plan& plan, std::size_t like, std::string_view key, std::string_view value) {
  PlannedCell cell = plan.cells[like];
  MIA_TRY(record::set_text(cell.settings, key, value));
  const Json wanted = record::to_json(cell.settings);
  for (std::size_t i = 0; i < plan.cells.size(); ++i) {
    const PlannedCell& other = plan.cells[i];
    if (other.part == cell.part && other.subject.model.header_hash == cell.subject.model.header_hash &&
        other.subject.runtime.name == cell.subject.runtime.name && record::to_json(other.settings) == wanted) {
      return i;
    }
  }
  const record::Settings& from = plan.cells[like].settings;
  const std::string old = record::describe_difference(cell.settings, from);
  const std::string now = record::describe_difference(from, cell.settings);
  const std::size_t at = cell.label.find(old);
  cell.label = at == std::string::npos || old.empty() ? fmt::format("{} {}", now, cell.label)
                                                      : cell.label.replace(at, old.size(), now);
  cell.key = cell.part.empty() ? cell.label : fmt::format("{}/{}", cell.part, cell.label);
  cell.also.clear();
  cell.effective.reset();
  plan.cells.push_back(std::move(cell));
  return plan.cells.size() - 1;
}

Result<Plan> make_plan(const PlanInput& input, const record::Machine& machine, const SubjectOf& subject_of) {
  Plan plan;
  plan.scenario = input.scenario;
  plan.base = input.base;
  MIA_TRY(apply(plan.base, input.scenario.settings, machine));
  MIA_TRY(apply(plan.base, input.fixed, machine));
  plan.only = input.only;
  Expander expander(plan, input, machine, subject_of);
  for (const Part& part : input.parts) {
    plan.parts.push_back(
        {part.scenario.name, part.scenario.title, "", "", part.left_out, part.scenario.has_check("recommendation")});
    if (part.left_out.empty()) {
      MIA_TRY(expander.expand(part.scenario, part.scenario.name));
      add_checks(plan.scenario, part.scenario);
    }
  }
  if (input.parts.empty()) {
    MIA_TRY(expander.expand(input.scenario, ""));
  }
  if (plan.cells.empty()) {
    return fail(ErrorKind::usage, "the plan has no cells: --only matches none of them");
  }
  plan.hash = hash_of(plan, machine);
  order_slots(plan);
  if (plan.order.size() > kMaxTrials) {
    return fail(ErrorKind::usage, "the plan has {} trials, more than {}; lower run.repeats or the axes",
                plan.order.size(), kMaxTrials);
  }
  return plan;
}

Result<Plan> make_plan_again(const record::Report& report, const std::vector<std::string>& keys,
                             const SubjectOf& subject_of) {
  Plan plan;
  plan.scenario.name = report.scenario;
  plan.scenario.title = report.scenario + ", measured again";
  plan.base = report.settings;
  plan.parts = report.parts;
  for (const std::string& key : keys) {
    const auto at = std::ranges::find(report.cells, key, &record::CellReport::key);
    if (at == report.cells.end()) {
      return fail(ErrorKind::usage, "the report has no cell '{}'", one_line(key, 100));
    }
    PlannedCell cell;
    cell.key = at->key;
    cell.part = at->part;
    cell.label = at->label;
    cell.also = at->also;
    cell.settings = at->requested;
    MIA_TRY(make_request(cell.settings));
    MIA_TRY_ASSIGN(cell.subject, subject_of(cell.settings));
    plan.cells.push_back(std::move(cell));
  }
  plan.hash = hash_of(plan, report.machine);
  order_slots(plan);
  return plan;
}

Json to_json(const Plan& plan) {
  Json json = {{"scenario", to_json(plan.scenario)}, {"hash", plan.hash}, {"cells", Json::array()}};
  json["base"] = record::to_json(plan.base);
  for (const PlannedCell& cell : plan.cells) {
    json["cells"].push_back(cell_identity(cell));
  }
  for (const Slot& slot : plan.order) {
    json["order"].push_back({slot.cell, slot.repeat});
  }
  return json;
}

Estimate estimate(const PlannedCell& cell, double gb_s) {
  constexpr double kWarmUps = 3;        // runs, typical
  constexpr double kFixed = 0.5;        // seconds: spawn, context, counters
  constexpr double kDisk = 1e9;         // bytes/s
  constexpr double kEfficiency = 0.6;   // of the memory's bandwidth
  constexpr double kPromptShare = 0.1;  // a prompt token costs this part of a decoded one
  const record::ModelInfo& model = cell.subject.model;
  Estimate result;
  const auto request = make_request(cell.settings);
  if (!request) {
    return result;
  }
  const double bytes_per_s = std::max(gb_s, 0.1) * 1e9 * kEfficiency;
  const double tokens =
      static_cast<double>(request->max_tokens) + kPromptShare * static_cast<double>(prompt_bound(*request));
  const double run = tokens * static_cast<double>(model.bytes_per_token) / bytes_per_s;
  const double warm = cell.settings.run.warmup_max.value_or(10) > 0 ? kWarmUps : 0;
  result.seconds = kFixed + static_cast<double>(model.file_bytes) / kDisk +
                   run * (warm + static_cast<double>(cell.settings.run.runs.value_or(1)));
  const std::int64_t positions = cell.settings.llm.n_ctx.value_or(context_needed(*request, prompt_bound(*request)));
  result.memory_bytes = model.file_bytes + positions * model.kv_bytes_per_position;
  return result;
}

}  // namespace mia::measure
