// SPDX-License-Identifier: MIT
// What measuring verbs need before they measure: settings, catalogue, runtime and model of a cell.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "app/observer.h"
#include "base/result.h"
#include "config/config.h"
#include "measure/plan.h"
#include "model/catalogue.h"
#include "store/measure_lock.h"

namespace mia::app {

struct Configured {
  config::Loaded loaded;
  std::vector<model::CatalogueEntry> catalogue;
};
// `flags`: those that stand for a key, such as --repeats. `models`: ids of those that are measured; empty: the one that
// the configuration chooses. What should be warned of stands in loaded.warnings.
[[nodiscard]] Result<Configured> configure(const Scope& scope, std::vector<config::Assignment> flags = {},
                                           std::vector<std::string> models = {});

// Finds runtimes and models once each, however many cells name them.
class SubjectFinder {
 public:
  explicit SubjectFinder(std::vector<model::CatalogueEntry> catalogue) : catalogue_(std::move(catalogue)) {}
  [[nodiscard]] Result<measure::Subject> find(const record::Settings& settings);

 private:
  [[nodiscard]] Result<record::ModelInfo> model_of(const std::string& id, const record::RuntimeInfo& runtime);
  std::vector<model::CatalogueEntry> catalogue_;
  std::map<std::string, measure::Subject> known_;
};

// Whose turn to measure is asked for.
struct Turn {
  std::string verb;   // told to others who wait
  double wait_s = 0;  // at most; infinite: as long as it takes
};
// Held while we measure. The observer is told for whom we wait; error kind usage names who measures when the time is
// up, interrupted where a person did not want to wait any longer.
[[nodiscard]] Result<std::optional<store::MeasureLock>> lock_this_machine(const Turn& turn, Observer& observer);

// Wall time that a budget of so many seconds may take at most: what has begun may end a little later.
[[nodiscard]] double longest_s(double budget_s);

// A name of this moment that sorts by time: "20261124-104147-1a2b".
[[nodiscard]] std::string new_session_id();

}  // namespace mia::app
