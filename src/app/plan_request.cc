// SPDX-License-Identifier: MIT
#include "app/plan_request.h"

#include <algorithm>
#include <set>

#include "app/setup.h"
#include "base/text.h"

namespace mia::app {
namespace {

std::vector<std::string> flags_as_settings(const PlanRequest& request) {
  std::vector<std::string> settings;
  if (request.repeats) {
    settings.push_back(fmt::format("run.repeats={}", *request.repeats));
  }
  if (request.models.size() == 1) {
    settings.push_back("llm.primary.id=" + request.models.front());
  }
  if (request.runtimes.size() == 1) {
    settings.push_back("run.runtime=" + request.runtimes.front());
  }
  return settings;
}

// Several models or runtimes are an axis.
void add_axis(measure::Scenario& scenario, std::string_view key, const std::vector<std::string>& values) {
  if (values.size() > 1) {
    measure::fix_axis(scenario, key);
    scenario.axes.insert(scenario.axes.begin(), measure::Axis{std::string(key), values});
  }
}

// --set beats everything, also what the workloads of a scenario differ in.
void warn_of_flattened(const measure::Scenario& scenario, const measure::SettingList& fixed, Observer& observer) {
  for (const auto& [key, value] : fixed) {
    if (measure::workloads_differ_in(scenario, key)) {
      observer.warn(fmt::format("{}={} holds for every workload of {}, which differ in it", key, value, scenario.name));
    }
  }
}

Status shape(measure::Scenario& scenario, const PlanRequest& request, const Configured& configured) {
  for (const auto& [key, text] : configured.fixed) {
    measure::fix_axis(scenario, key);
  }
  std::set<std::string> given;
  for (const std::string& text : request.axes) {
    MIA_TRY_ASSIGN(measure::Axis axis, measure::parse_axis(text));
    if (!given.insert(axis.key).second) {
      return fail(ErrorKind::usage, "--axis {}: that key has an axis already; write all its values in one",
                  one_line(text, 80));
    }
    if (std::ranges::count(configured.fixed, axis.key, &std::pair<std::string, std::string>::first) > 0) {
      return fail(ErrorKind::usage,
                  "--axis {}: --set (or -m, --runtime, --repeats) fixes that key; leave one of them out",
                  one_line(text, 80));
    }
    MIA_TRY(measure::set_axis(scenario, std::move(axis)));
  }
  add_axis(scenario, "run.runtime", request.runtimes);
  add_axis(scenario, "llm.primary.id", request.models);
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

// The layers that a built-in scenario puts on a GPU, where there is none: 0 alone.
void leave_layers(measure::Scenario& scenario, bool gpu) {
  const auto at = std::ranges::find(scenario.axes, "llm.primary.n_gpu_layers", &measure::Axis::key);
  if (!gpu && scenario.needs != "gpu" && at != scenario.axes.end() && !at->values.empty()) {
    at->values.resize(1);
  }
}

bool several_models(const measure::Scenario& scenario) {
  const auto at = std::ranges::find(scenario.axes, "llm.primary.id", &measure::Axis::key);
  return at != scenario.axes.end() && at->values.size() > 1;
}

// Why a part of a probe cannot be measured here; "" when it can.
std::string left_out(const measure::Scenario& part, bool gpu) {
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
  MIA_TRY_ASSIGN(record::Settings base, settings_of(configured));
  if (!request.models.empty()) {
    base.llm.id = request.models.front();
  }
  const bool gpu = has_gpu(base, request, finder);
  for (const std::string& name : whole.parts) {
    measure::Part part;
    MIA_TRY_ASSIGN(part.scenario, measure::find_scenario(name));
    leave_layers(part.scenario, gpu);
    PlanRequest own = request;
    if (part.scenario.needs != "models" && own.models.size() > 1) {
      own.models.resize(1);  // the first one is what the other parts measure
      part.scenario.settings.emplace_back("llm.primary.id", own.models.front());
    }
    MIA_TRY(shape(part.scenario, own, configured));
    part.left_out = left_out(part.scenario, gpu);
    parts.push_back(std::move(part));
  }
  return parts;
}

}  // namespace

Result<measure::Plan> plan_of(const PlanRequest& request, const Caller& caller, const record::Machine& machine) {
  MIA_TRY_ASSIGN(const Configured configured, configure(caller.scope, flags_as_settings(request)));
  measure::PlanInput input;
  SubjectFinder finder(configured.catalogue);
  MIA_TRY_ASSIGN(input.scenario, measure::find_scenario(request.scenario));
  MIA_TRY_ASSIGN(input.parts, parts_of(input.scenario, request, configured, finder));
  warn_of_flattened(input.scenario, configured.fixed, caller.observer);
  for (const measure::Part& part : input.parts) {
    warn_of_flattened(part.scenario, configured.fixed, caller.observer);
  }
  MIA_TRY_ASSIGN(const record::Settings base, settings_of(configured));
  const bool gpu = has_gpu(base, request, finder);
  const std::vector<std::string> built_in = measure::built_in_scenarios();
  if (std::ranges::find(built_in, request.scenario) != built_in.end()) {
    leave_layers(input.scenario, gpu);
  }
  if (input.parts.empty()) {
    MIA_TRY(shape(input.scenario, request, configured));
  }
  if (input.scenario.needs == "models" && !several_models(input.scenario)) {
    return fail(ErrorKind::usage, "scenario {} compares models: name two or more with -m A -m B", input.scenario.name);
  }
  MIA_TRY(needs_gpu(input.scenario, base, gpu, finder));
  input.base = configured.loaded.settings;
  input.fixed = configured.fixed;
  input.only = request.only;
  return measure::make_plan(input, machine, [&](const record::Settings& settings) { return finder.find(settings); });
}

}  // namespace mia::app
