// SPDX-License-Identifier: MIT
#include "cli/plan_request.h"

#include <CLI/CLI.hpp>

#include "cli/setup.h"

namespace mia::cli {
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

Status shape(measure::Scenario& scenario, const PlanRequest& request, const Configured& configured) {
  for (const auto& [key, text] : configured.fixed) {
    measure::fix_axis(scenario, key);
  }
  for (const std::string& axis : request.axes) {
    MIA_TRY(measure::set_axis(scenario, axis));
  }
  add_axis(scenario, "run.runtime", request.runtimes);
  add_axis(scenario, "llm.primary.id", request.models);
  return {};
}

}  // namespace

void add_plan_options(CLI::App& verb, PlanRequest& request) {
  verb.add_option("-m,--model", request.models, "catalogue id or GGUF file; several make an axis");
  verb.add_option("--runtime", request.runtimes, "installed runtime; several make an axis");
  verb.add_option("--axis", request.axes, "vary a parameter: key=value,value");
  verb.add_option("--only", request.only, "only cells whose name contains this");
  verb.add_option("--repeats", request.repeats, "trials of each cell");
}

Result<measure::Plan> plan_of(const PlanRequest& request, const Common& common, const record::Machine& machine) {
  MIA_TRY_ASSIGN(const Configured configured, configure(common, flags_as_settings(request)));
  measure::PlanInput input;
  MIA_TRY_ASSIGN(input.scenario, measure::find_scenario(request.scenario));
  for (const std::string& part : input.scenario.parts) {
    MIA_TRY_ASSIGN(auto scenario, measure::find_scenario(part));
    MIA_TRY(shape(scenario, request, configured));
    input.parts.push_back(std::move(scenario));
  }
  MIA_TRY(shape(input.scenario, request, configured));
  input.base = configured.loaded.settings;
  input.fixed = configured.fixed;
  input.only = request.only;
  SubjectFinder finder(configured.catalogue);
  return measure::make_plan(input, machine, [&](const record::Settings& settings) { return finder.find(settings); });
}

}  // namespace mia::cli
