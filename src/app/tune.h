// SPDX-License-Identifier: MIT
// From a model and a use to the settings with which one turn takes the least time here: a race of settings
// (judge/tune_search.h), and a fresh comparison of its winner with the present settings that says whether it holds.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "app/observer.h"
#include "app/setup.h"
#include "base/result.h"
#include "judge/tune_search.h"
#include "measure/arm.h"
#include "record/tuning.h"

namespace mia::app {

struct TuneRequest {
  measure::ArmSpec present;  // with the use's workload and context
  record::Use use;
  bool ctx_asked = false;  // else the context is the smallest that holds the turn, and no advice
  record::TurnLimits limits;
  std::vector<judge::Coordinate> space;
  record::Machine machine;
  std::filesystem::path out;  // folder of the report; must be writable
  std::string store;          // path; "" = the default one
  bool use_store = true;
  double budget_s = 900;
  double alpha = 0.01;  // of each comparison
  Turn turn{.verb = "tune"};
  std::uint64_t seed = 1;
};

// As the request's words say: workload and context of the use over the present settings.
[[nodiscard]] Result<TuneRequest> tune_request(const Configured& configured, std::string_view use,
                                               std::optional<std::int64_t> n_ctx, const record::Machine& machine);

enum class TuneOutcome { keep, change, unclear, limits_missed, nothing_ran, interrupted };

struct TuneEnd {
  record::Tuning found;
  TuneOutcome outcome = TuneOutcome::keep;
  std::filesystem::path file;  // its Markdown twin beside it; empty where there was nothing to write
  std::optional<Error> file_error;
  std::optional<Error> store_error;  // of a comparison; all is in the files all the same
};

// Usage error for a budget that does not hold one pair.
[[nodiscard]] Result<TuneEnd> carry_out(TuneRequest request, Observer& observer);

}  // namespace mia::app
