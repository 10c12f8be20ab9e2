// SPDX-License-Identifier: MIT
// A plan: a scenario expanded to cells in a seeded, interleaved order. Same scenario, settings and machine: same plan,
// same hash.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "config/assignment.h"
#include "measure/scenario.h"
#include "record/machine.h"
#include "record/point.h"
#include "record/report.h"
#include "record/settings.h"

namespace mia::measure {

// Which runtime and which file a cell measures.
struct Subject {
  record::RuntimeInfo runtime;
  std::map<std::string, std::string> env;  // needed to start its worker
  record::ModelInfo model;
};
using SubjectOf = std::function<Result<Subject>(const record::Settings&)>;

struct PlannedCell {
  std::string key;   // record::key_of(part, point): unique in the plan
  std::string part;  // name of the scenario it came from; "" in a plan of one
  record::Point point;
  record::Settings settings;
  Subject subject;
  std::vector<record::Point> also;            // cells that became the same settings: measured once
  std::optional<record::Settings> effective;  // as the runtime told before the first trial
};

struct Slot {
  std::size_t cell = 0;
  std::int64_t repeat = 0;
};

struct Plan {
  Scenario scenario;  // with the checks of its parts
  record::Settings base;
  std::vector<record::PartReport> parts;  // names and titles; those left out say why
  std::vector<PlannedCell> cells;
  std::vector<Slot> order;
  std::string hash;
  std::vector<std::string> only;  // --only: what the keys of its cells had to contain
};

struct Part {
  Scenario scenario;
  std::string left_out;  // why, "" for a part that is measured
};

// `fixed`: keys set by hand (--set), over everything the scenario says. `parts`: the scenarios named by
// scenario.parts, empty otherwise. Errors of kind usage: a value that cannot be, more than 10,000 trials.
struct PlanInput {
  Scenario scenario;
  std::vector<Part> parts;
  record::Settings base;
  std::vector<config::Assignment> fixed;
  std::vector<std::string> only;  // keep cells whose key contains one of these; empty: all
};
[[nodiscard]] Result<Plan> make_plan(const PlanInput& input, const record::Machine& machine,
                                     const SubjectOf& subject_of);

// Cells of a report once more, by their keys, as they were asked for then. Usage error for a key that it lacks.
[[nodiscard]] Result<Plan> make_plan_again(const record::Report& report, const std::vector<std::string>& keys,
                                           const SubjectOf& subject_of);

// Of threads ("n_threads", "n_threads_batch"): the number that "allowed", "physical", "p-cores" or "half" stands for,
// of the cores that this process may use: more threads than those take turns. Any other text as it is.
[[nodiscard]] std::string core_word(std::string_view key, const std::string& text, const record::Machine& machine);

// Repeats of cells interleaved: every cell once, in random order, then every cell again.
void order_slots(Plan& plan);

// Fresh repeats of cells, after those that the plan has: run.repeats + first and up.
struct Again {
  std::size_t cell = 0;
  std::int64_t repeats = 0;
  std::int64_t first = 0;
};
// Interleaved like the plan itself, at its end; what it has already is not added again.
void add_repeats(Plan& plan, std::span<const Again> again);
// The cell that differs from `like` by one setting, added (without repeats) where the plan has none.
[[nodiscard]] Result<std::size_t> add_variant(Plan& plan, std::size_t like, std::string_view key,
                                              std::string_view value);

[[nodiscard]] Json to_json(const Plan& plan);

// What a cell will take: from the bytes that must be read and the memory's bandwidth; a rough figure.
struct Estimate {
  double seconds = 0;  // one trial
  std::int64_t memory_bytes = 0;
};
[[nodiscard]] Estimate estimate(const PlannedCell& cell, double gb_s);

}  // namespace mia::measure
