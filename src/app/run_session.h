// SPDX-License-Identifier: MIT
// A measuring session from a plan to a written report: store, report files, progress and the machine's limits around
// measure::run_session.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "app/observer.h"
#include "app/setup.h"
#include "base/result.h"
#include "measure/plan.h"
#include "record/report.h"

namespace mia::app {

struct SessionRequest {
  measure::Plan plan;
  record::Machine machine;
  std::filesystem::path out;  // folder of reports; must be writable
  std::string stem;           // of the report files, "" = the scenario's own
  std::string store;          // path; "" = the default one
  bool use_store = true;
  bool resume = false;
  bool force = false;
  bool confirm = false;            // also what --apply or --decide would write is measured again first
  std::optional<double> budget_s;  // from the moment on when the machine is ours; see longest_s()
  Turn turn{.verb = "run"};
};

struct SessionEnd {
  record::Report report;
  std::vector<std::filesystem::path> files;  // JSON, each with its Markdown twin
  std::optional<Error> store_error;          // results are in the files all the same
  std::optional<Error> file_error;           // results are in the store all the same
  bool interrupted = false;
};

[[nodiscard]] Result<SessionEnd> carry_out(SessionRequest request, Observer& observer);

// A cell of which no trial ended well, though one was made.
[[nodiscard]] bool has_failed_cell(const record::Report& report);
// A cell that the budget left without a trial.
[[nodiscard]] bool has_unmeasured_cell(const record::Report& report);

}  // namespace mia::app
