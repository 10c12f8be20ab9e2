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

Status apply(record::Settings& settings, const SettingList& list, const record::Machine& machine) {
  for (const auto& [key, text] : list) {
    MIA_TRY(record::set_text(settings, key, core_word(key, text, machine)));
  }
  return {};
}

// One choice of a text for each axis.
std::vector<SettingList> choices_of(const Scenario& scenario) {
  std::vector<SettingList> points = {{}};
  for (const Axis& axis : scenario.axes) {
    std::vector<SettingList> next;
    for (const SettingList& point : points) {
      for (const std::string& value : axis.values) {
        SettingList more = point;
        more.emplace_back(axis.key, value);
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

// A share of the layers ("25%") has no value before the model is known.
Result<record::Setting> setting_of(const SettingList::value_type& choice, const record::Machine& machine) {
  MIA_TRY_ASSIGN(const record::Field* const field, record::require_field(choice.first));
  record::Setting setting{field, {}};
  if (field->name == "n_gpu_layers" && choice.second.ends_with('%')) {
    setting.word = choice.second;
    return setting;
  }
  const std::string text = core_word(choice.first, choice.second, machine);
  setting.word = text == choice.second ? "" : choice.second;
  MIA_TRY_ASSIGN(setting.value, record::parse_value(*field, text));
  return setting;
}

Status add_share(record::Setting& setting, const record::ModelInfo& model) {
  MIA_TRY_ASSIGN(const double share, context(parse_fraction(setting.word), setting.field->key));
  if (share < 0 || share > 1) {
    return fail(ErrorKind::usage, "axis {}: {} is no share of the layers: 0% to 100%", setting.field->key,
                one_line(setting.word, 40));
  }
  setting.value = static_cast<std::int64_t>(std::llround(share * static_cast<double>(model.layers.value_or(0))));
  return {};
}

// Expands one scenario into cells at the end of the plan.
class Expander {
 public:
  Expander(Plan& plan, const PlanInput& input, const record::Machine& machine, const SubjectOf& subject_of)
      : plan_(plan), input_(input), machine_(machine), subject_of_(subject_of) {}

  Status expand(const Scenario& scenario, const std::string& part) {
    by_file_ = scenario.file.empty() ? SettingList() : scenario.settings;
    std::vector<WorkloadVariant> workloads = scenario.workloads;
    if (workloads.empty()) {
      workloads.push_back({});
    }
    record::Settings base = input_.base;
    MIA_TRY(apply(base, scenario.settings, machine_));
    for (const SettingList& choice : choices_of(scenario)) {
      record::Point point{scenario.name, {}, ""};
      for (const auto& one : choice) {
        MIA_TRY_ASSIGN(point.settings.emplace_back(), setting_of(one, machine_));
      }
      for (const WorkloadVariant& workload : workloads) {
        point.workload = workloads.size() > 1 ? workload.name : "";
        MIA_TRY(add(base, point, workload, part));
      }
    }
    return {};
  }

  // Cells that --only does not name.
  [[nodiscard]] const std::vector<std::string>& passed_over() const { return passed_over_; }

 private:
  Status add(record::Settings settings, const record::Point& point, const WorkloadVariant& workload,
             const std::string& part) {
    PlannedCell cell;
    cell.key = record::key_of(part, point);
    cell.part = part;
    cell.point = point;
    if (!wanted(cell)) {
      passed_over_.push_back(cell.key);
      return {};
    }
    if (plan_.cells.size() >= kMaxCells) {
      return fail(ErrorKind::usage, "scenario {} has more than {} cells; give its axes fewer values", point.scenario,
                  kMaxCells);
    }
    if (!workload.name.empty()) {
      settings.workload.name = workload.name;
    }
    MIA_TRY(apply(settings, workload.settings, machine_));
    for (const record::Setting& setting : point.settings) {
      record::set(settings, *setting.field, setting.value);
    }
    config::put(settings, input_.fixed);
    MIA_TRY(make_request(settings));
    MIA_TRY_ASSIGN(cell.subject, subject_of_(settings));
    for (record::Setting& setting : cell.point.settings) {
      if (setting.word.ends_with('%')) {  // known only now
        MIA_TRY(add_share(setting, cell.subject.model));
        record::set(settings, *setting.field, setting.value);
      }
    }
    MIA_TRY(fit(settings, cell));
    cell.settings = std::move(settings);
    plan_.cells.push_back(std::move(cell));
    return {};
  }

  // What the runtime cannot be asked for is left out where nobody asked: a built-in scenario only suggests.
  Status fit(record::Settings& settings, const PlannedCell& cell) const {
    const record::RuntimeInfo& runtime = cell.subject.runtime;
    while (const record::Field* const field = record::not_taken(runtime, settings)) {
      const bool asked =
          std::ranges::any_of(input_.fixed, [&](const auto& one) { return one.field == field; }) ||
          std::ranges::any_of(cell.point.settings, [&](const auto& one) { return one.field == field; }) ||
          std::ranges::any_of(by_file_, [&](const auto& one) { return record::find_field(one.first) == field; });
      if (asked) {
        return with_hint(fail(ErrorKind::unsupported, "{}={}: runtime {}, a server that runs already, does not take {}",
                              field->name, record::to_text(record::get(settings, *field)), runtime.name, field->name),
                         "leave it out and start the server with it, or add the program: mia-perf runtime add PATH");
      }
      MIA_TRY(record::set_text(settings, field->key, field->standard));
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
  std::vector<std::string> passed_over_;
  SettingList by_file_;  // what a scenario of a person's own asks for
};

Failure no_cells(const PlanInput& input, std::vector<std::string> names) {
  if (names.empty()) {
    return fail(ErrorKind::usage, "the plan has no cells");
  }
  constexpr std::size_t kListed = 12;
  const std::size_t more = names.size() - std::min(names.size(), kListed);
  names.resize(names.size() - more);
  return with_hint(fail(ErrorKind::usage, "the plan has no cells: --only {} is in no name of a cell",
                        one_line(join(input.only, " or "), 200)),
                   fmt::format("there are: {}{}", one_line(join(names, ", "), 1000),
                               more > 0 ? fmt::format(" and {} more", more) : ""));
}

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

std::string core_word(std::string_view key, const std::string& text, const record::Machine& machine) {
  if (key.find("n_threads") == std::string_view::npos) {
    return text;
  }
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
    rounds = std::max(rounds, more.first + more.repeats);
  }
  for (std::int64_t round = 0; round < rounds; ++round) {
    std::vector<Slot> slots;
    for (const Again& more : again) {
      const Slot slot{more.cell, plan.cells[more.cell].settings.run.repeats.value_or(5) + round};
      const bool there = std::ranges::any_of(
          plan.order, [&](const Slot& other) { return other.cell == slot.cell && other.repeat == slot.repeat; });
      if (round >= more.first && round < more.first + more.repeats && !there) {
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
  for (std::size_t i = 0; i < plan.cells.size(); ++i) {
    const PlannedCell& other = plan.cells[i];
    if (other.part == cell.part && other.subject.model.header_hash == cell.subject.model.header_hash &&
        other.subject.runtime.name == cell.subject.runtime.name && other.settings == cell.settings) {
      return i;
    }
  }
  MIA_TRY_ASSIGN(const record::Field* const field, record::require_field(key));
  cell.point = record::with_setting(std::move(cell.point), {field, record::get(cell.settings, *field)});
  cell.key = record::key_of(cell.part, cell.point);
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
  config::put(plan.base, input.fixed);
  plan.only = input.only;
  Expander expander(plan, input, machine, subject_of);
  for (const Part& part : input.parts) {
    plan.parts.push_back({part.scenario.name,
                          part.scenario.title,
                          "",
                          {},
                          part.left_out,
                          part.scenario.has_check("recommendation"),
                          part.scenario.table});
    if (part.left_out.empty()) {
      MIA_TRY(expander.expand(part.scenario, part.scenario.name));
      add_checks(plan.scenario, part.scenario);
    }
  }
  if (input.parts.empty()) {
    MIA_TRY(expander.expand(input.scenario, ""));
  }
  if (plan.cells.empty()) {
    return no_cells(input, expander.passed_over());
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
  plan.scenario.file = report.scenario_file;
  plan.scenario.report = report.stem;
  plan.scenario.table = report.table;
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
    cell.point = at->point;
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
  const double tokens = static_cast<double>(request->max_tokens) +
                        kPromptShare * static_cast<double>(context_bound(*request) - request->max_tokens);
  const double run = tokens * static_cast<double>(model.bytes_per_token) / bytes_per_s;
  const double warm = cell.settings.run.warmup_max.value_or(10) > 0 ? kWarmUps : 0;
  result.seconds = kFixed + static_cast<double>(model.file_bytes) / kDisk +
                   run * (warm + static_cast<double>(cell.settings.run.runs.value_or(1)));
  const std::int64_t positions = cell.settings.llm.n_ctx.value_or(context_bound(*request));
  result.memory_bytes = model.file_bytes + positions * model.kv_bytes_per_position;
  return result;
}

}  // namespace mia::measure
