// SPDX-License-Identifier: MIT
#include "app/plan_request.h"

#include <algorithm>
#include <set>

#include "app/setup.h"
#include "base/text.h"

namespace mia::app {
namespace {

constexpr std::string_view kModel = "llm.primary.id";
constexpr std::string_view kRuntime = "run.runtime";

Result<std::vector<config::Assignment>> flags_of(const PlanRequest& request) {
  std::vector<config::Assignment> flags;
  if (request.repeats) {
    MIA_TRY_ASSIGN(flags.emplace_back(), config::read_value(*record::find_field("run.repeats"),
                                                            std::to_string(*request.repeats), "--repeats"));
  }
  if (request.models.size() == 1) {
    MIA_TRY_ASSIGN(flags.emplace_back(), config::read_value(*record::find_field(kModel), request.models.front(), "-m"));
  }
  if (request.runtimes.size() == 1) {
    MIA_TRY_ASSIGN(flags.emplace_back(),
                   config::read_value(*record::find_field(kRuntime), request.runtimes.front(), "--runtime"));
  }
  return flags;
}

// The models that flags or the scenario name, where --set names none: their profile of thresholds is the one in force.
std::vector<std::string> models_of(const PlanRequest& request, const Scope& scope, const measure::Scenario& scenario) {
  const bool by_hand = std::ranges::any_of(scope.set, [](const std::string& text) {
    const auto cut = config::split_assignment(text, "--set");
    return cut && cut->field->key == kModel;
  });
  if (!request.models.empty() || by_hand) {
    return request.models;
  }
  const auto axis = std::ranges::find(scenario.axes, kModel, &measure::Axis::key);
  if (axis != scenario.axes.end()) {
    return axis->values;
  }
  std::vector<std::string> models;
  for (const auto& [key, text] : scenario.settings) {
    if (key == kModel) {
      models.push_back(text);
    }
  }
  return models;
}

// Several models or runtimes are an axis.
void add_axis(measure::Scenario& scenario, std::string_view key, const std::vector<std::string>& values) {
  if (values.size() > 1) {
    measure::fix_axis(scenario, key);
    scenario.axes.insert(scenario.axes.begin(), measure::Axis{std::string(key), values});
  }
}

// --set beats everything, also what the workloads of a scenario differ in.
void warn_of_flattened(const measure::Scenario& scenario, const Configured& configured, Observer& observer) {
  for (const config::Assignment& one : configured.loaded.fixed) {
    if (measure::workloads_differ_in(scenario, one.field->key)) {
      observer.warn(fmt::format("{}={} holds for every workload of {}, which differ in it", one.field->key,
                                record::to_text(one.value), scenario.name));
    }
  }
}

Status shape(measure::Scenario& scenario, const PlanRequest& request, const Configured& configured) {
  for (const config::Assignment& one : configured.loaded.fixed) {
    measure::fix_axis(scenario, one.field->key);
  }
  std::set<std::string> given;
  for (const std::string& text : request.axes) {
    MIA_TRY_ASSIGN(measure::Axis axis, measure::parse_axis(text));
    if (!given.insert(axis.key).second) {
      return fail(ErrorKind::usage, "--axis {}: that key has an axis already; write all its values in one",
                  one_line(text, 80));
    }
    for (const config::Assignment& one : configured.loaded.fixed) {
      if (one.field->key == axis.key) {
        return fail(ErrorKind::usage, "--axis {}: {} fixes that key; leave one of them out", one_line(text, 80),
                    one.origin);
      }
    }
    MIA_TRY(measure::set_axis(scenario, std::move(axis)));
  }
  add_axis(scenario, kRuntime, request.runtimes);
  add_axis(scenario, kModel, request.models);
  return {};
}

// Of any of the runtimes that are asked for, by what it saw when it was added.
bool has_gpu(record::Settings base, const PlanRequest& request, SubjectFinder& finder) {
  const auto sees_gpu = [&] {
    const auto subject = finder.find(base);
    return subject && std::ranges::any_of(subject->runtime.devices, record::is_gpu);
  };
  if (request.runtimes.empty()) {
    return sees_gpu();
  }
  return std::ranges::any_of(request.runtimes, [&](const std::string& name) {
    base.run.runtime = name;
    return sees_gpu();
  });
}

// The layers that a built-in scenario puts on a GPU, where none is seen: 0 alone; no axis where the runtime takes none.
void leave_layers(measure::Scenario& scenario, bool gpu, const record::RuntimeInfo* runtime) {
  const auto at = std::ranges::find(scenario.axes, "llm.primary.n_gpu_layers", &measure::Axis::key);
  if (gpu || scenario.needs == "gpu" || at == scenario.axes.end() || at->values.empty()) {
    return;
  }
  at->values.resize(1);
  if (runtime != nullptr && !record::takes(*runtime, *record::find_field(at->key))) {
    scenario.axes.erase(at);
  }
}

bool several_models(const measure::Scenario& scenario) {
  const auto at = std::ranges::find(scenario.axes, kModel, &measure::Axis::key);
  return at != scenario.axes.end() && at->values.size() > 1;
}

// Why a part of a probe cannot be measured here; "" when it can.
std::string left_out(const measure::Scenario& part, bool gpu, const record::RuntimeInfo* runtime) {
  for (const measure::Axis& axis : part.axes) {
    if (const record::Field& field = *record::find_field(axis.key);
        runtime != nullptr && !record::takes(*runtime, field)) {
      return fmt::format("needs a runtime that takes {}", field.name);
    }
  }
  if (part.needs == "models" && !several_models(part)) {
    return "needs two models: -m A -m B";
  }
  return part.needs == "gpu" && !gpu ? "needs a GPU and a runtime that uses it" : "";
}

// A scenario about layers on a GPU measures four times the same where there is none; not every provider tells.
Status needs_gpu(const measure::Scenario& scenario, const record::Settings& base, bool gpu, SubjectFinder& finder) {
  const auto subject = finder.find(base);
  if (scenario.needs != "gpu" || gpu || !subject || subject->runtime.devices.empty()) {
    return {};
  }
  return with_hint(fail(ErrorKind::unsupported, "{} puts layers on a GPU, but runtime {} saw none when it was added",
                        scenario.name, subject->runtime.name),
                   "mia-perf doctor names driver and runtimes; a runtime with a GPU: mia-perf runtime install "
                   "llama-cpp-python --cuda, or runtime add");
}

Result<std::vector<measure::Part>> parts_of(const measure::Scenario& whole, const PlanRequest& request,
                                            const Configured& configured, SubjectFinder& finder) {
  std::vector<measure::Part> parts;
  record::Settings base = configured.loaded.settings;
  if (!request.models.empty()) {
    base.llm.id = request.models.front();
  }
  const bool gpu = has_gpu(base, request, finder);
  const auto subject = finder.find(base);
  const record::RuntimeInfo* const runtime = subject ? &subject->runtime : nullptr;
  for (const std::string& name : whole.parts) {
    measure::Part part;
    MIA_TRY_ASSIGN(part.scenario, measure::find_scenario(name));
    leave_layers(part.scenario, gpu, runtime);
    PlanRequest own = request;
    if (part.scenario.needs != "models" && own.models.size() > 1) {
      own.models.resize(1);  // the first one is what the other parts measure
      part.scenario.settings.emplace_back(kModel, own.models.front());
    }
    MIA_TRY(shape(part.scenario, own, configured));
    part.left_out = left_out(part.scenario, gpu, runtime);
    parts.push_back(std::move(part));
  }
  return parts;
}

}  // namespace

Result<measure::Plan> plan_of(const PlanRequest& request, const Caller& caller, const record::Machine& machine) {
  measure::PlanInput input;
  MIA_TRY_ASSIGN(input.scenario, measure::find_scenario(request.scenario));
  MIA_TRY_ASSIGN(std::vector<config::Assignment> flags, flags_of(request));
  MIA_TRY_ASSIGN(const Configured configured,
                 configure(caller.scope, std::move(flags), models_of(request, caller.scope, input.scenario)));
  for (const std::string& warning : configured.loaded.warnings) {
    caller.observer.warn(warning);
  }
  SubjectFinder finder(configured.catalogue);
  warn_of_flattened(input.scenario, configured, caller.observer);
  for (const std::string& part : input.scenario.parts) {
    MIA_TRY_ASSIGN(const measure::Scenario scenario, measure::find_scenario(part));
    warn_of_flattened(scenario, configured, caller.observer);
  }
  MIA_TRY_ASSIGN(input.parts, parts_of(input.scenario, request, configured, finder));
  const record::Settings& base = configured.loaded.settings;
  const bool gpu = has_gpu(base, request, finder);
  const std::vector<std::string> built_in = measure::built_in_scenarios();
  if (std::ranges::find(built_in, request.scenario) != built_in.end()) {
    const auto subject = finder.find(base);
    leave_layers(input.scenario, gpu, subject ? &subject->runtime : nullptr);
  }
  if (input.parts.empty()) {
    MIA_TRY(shape(input.scenario, request, configured));
  }
  if (input.scenario.needs == "models" && !several_models(input.scenario)) {
    return fail(ErrorKind::usage, "scenario {} compares models: name two or more with -m A -m B", input.scenario.name);
  }
  MIA_TRY(needs_gpu(input.scenario, base, gpu, finder));
  input.base = base;
  input.fixed = configured.loaded.fixed;
  input.only = request.only;
  return measure::make_plan(input, machine, [&](const record::Settings& settings) { return finder.find(settings); });
}

}  // namespace mia::app
