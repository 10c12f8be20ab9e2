// SPDX-License-Identifier: MIT
// Carries out a plan trial by trial. What happens is told to an observer (progress line, store, report file), which
// alone decides what to do with it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "measure/plan.h"
#include "measure/trial.h"

namespace mia::measure {

struct Progress {
  std::size_t done = 0;
  std::size_t planned = 0;
  std::optional<double> remaining_s;
  std::size_t disturbed = 0;  // trials of this call
};

class RunObserver {
 public:
  RunObserver() = default;
  RunObserver(const RunObserver&) = delete;
  RunObserver& operator=(const RunObserver&) = delete;
  virtual ~RunObserver() = default;
  virtual void trial_begins(const PlannedCell& cell, const Slot& slot, const Progress& progress) = 0;
  // Called before the next trial begins: what is kept here survives any death later on.
  virtual void trial_ended(const record::Trial& trial, const Progress& progress) = 0;
  // Something a person should know: a repeat was disturbed, a cell was given up, the budget ends the plan.
  virtual void note(std::string_view text) = 0;
};

struct SessionOptions {
  std::string id;
  std::vector<record::Trial> finished;  // of the session that is resumed
  std::optional<double> budget_s;       // no round of repeats begins that would end later; what goes on all the same is
                                        // ended by proc::InterruptGuard::end_in
  bool force = false;                   // also cells beyond one that ran out of memory
};

struct SessionResult {
  std::vector<record::Trial> trials;  // all, also those that were finished before
  bool complete = false;              // every slot of the plan has its trial, or was given up for a reason
  bool interrupted = false;           // by a person
  std::string dropped;                // what the budget left out, one sentence; "" for nothing
};

[[nodiscard]] Result<SessionResult> run_session(const Plan& plan, Bench& bench, const SessionOptions& options,
                                                RunObserver& observer);

}  // namespace mia::measure
