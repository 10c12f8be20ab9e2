// SPDX-License-Identifier: MIT
// A scenario: what to vary, what to compute, how often. Built-in ones are YAML files like a user's own
// (docs/scenarios.md); everything wrong in one is named with file and line.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "record/table_shape.h"

namespace mia::measure {

inline constexpr std::size_t kMaxAxisValues = 256;

// One parameter and the texts it takes in turn. Of the CPUs that this process may use,
// `allowed` is the number, `physical` that of the cores, `half` half of those, `p-cores` that of the fast ones.
struct Axis {
  std::string key;  // full key of the field table
  std::vector<std::string> values;
};

using SettingList = std::vector<std::pair<std::string, std::string>>;  // full key, text

struct WorkloadVariant {
  std::string name;
  SettingList settings;
};

struct Scenario {
  std::string name;
  std::string file;  // its path; "" for a built-in one
  std::string title;
  std::string report;  // file stem; "" for perf_NAME
  record::TableShape table = record::TableShape::plain;
  SettingList settings;
  std::vector<Axis> axes;  // in the order of the field table
  std::vector<WorkloadVariant> workloads;
  std::string order = "interleaved";  // interleaved | sequential
  std::vector<std::string> checks;    // names of check_names()
  std::string needs;                  // "" | gpu | models: without it a probe leaves this part out
  std::vector<std::string> parts;     // other scenarios that make this one up (probe)

  [[nodiscard]] bool has_check(std::string_view check) const;
};

// What may be done besides measuring: thresholds (perf.thresholds.* are judged), recommendation (the best cell is
// measured again with the reference before it is recommended), anomalies (suspects are measured again and diagnosed),
// quality (perplexity and divergence of the models).
[[nodiscard]] std::span<const std::string_view> check_names();

// <exe>/../share/mia-perf/scenarios, else the source tree's; $MIA_PERF_SCENARIOS wins.
[[nodiscard]] std::filesystem::path scenario_dir();
[[nodiscard]] std::vector<std::string> built_in_scenarios();
// A file that exists, or the name of a built-in scenario. Errors: usage or not_found with the names there are.
[[nodiscard]] Result<Scenario> find_scenario(std::string_view name_or_file);
[[nodiscard]] Result<Scenario> parse_scenario(std::string_view yaml, std::string_view name);

// "n_threads=1,2,4".
[[nodiscard]] Result<Axis> parse_axis(std::string_view text);
// Replaces the axis of that key or adds it. Usage error for a key in which the workloads differ.
[[nodiscard]] Status set_axis(Scenario& scenario, Axis axis);
// Whether one of several workloads sets that key.
[[nodiscard]] bool workloads_differ_in(const Scenario& scenario, std::string_view full_key);
// A key that is set by hand is no axis any more.
void fix_axis(Scenario& scenario, std::string_view full_key);

[[nodiscard]] Json to_json(const Scenario& scenario);
// schemas/scenario-v1.schema.json.
[[nodiscard]] std::string scenario_schema_text();

}  // namespace mia::measure
