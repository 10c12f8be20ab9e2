// SPDX-License-Identifier: MIT
#include "measure/session.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "base/clock.h"
#include "base/text.h"
#include "measure/monotone.h"
#include "proc/interrupt.h"

namespace mia::measure {
namespace {

using record::OutcomeKind;
using record::Trial;

constexpr std::int64_t kAttempts = 3;        // of one slot whose trials are disturbed
constexpr std::int64_t kFailuresInARow = 2;  // after these a cell is given up

bool is_final(OutcomeKind kind) {
  return kind == OutcomeKind::refused || kind == OutcomeKind::out_of_memory;
}

class SessionRun {
 public:
  SessionRun(const Plan& plan, Bench& bench, const SessionOptions& options, RunObserver& observer)
      : plan_(plan), bench_(bench), options_(options), observer_(observer), began_ns_(steady_ns()) {
    for (const Slot& slot : plan.order) {
      ++cells_[plan.cells[slot.cell].key].open;
    }
    for (const Trial& trial : options.finished) {
      next_position_ = std::max(next_position_, trial.position + 1);
      if (trial.outcome.kind != OutcomeKind::cancelled) {
        remember(trial);
        result_.trials.push_back(trial);
      }
    }
  }

  Result<SessionResult> run() {
    for (std::size_t i = 0; i < plan_.order.size() && !stopped_ && !over_budget(i);) {
      const std::size_t end = end_of_round(i);
      // Who was disturbed waits for the others of the round: what disturbs lasts longer than a trial.
      for (std::int64_t attempt = 0; attempt < kAttempts && (attempt == 0 || time_is_left()); ++attempt) {
        for (std::size_t slot = i; slot < end && !stopped_; ++slot) {
          MIA_TRY(fill(plan_.order[slot]));
        }
      }
      i = end;
    }
    if (stopped_ && proc::out_of_time()) {
      result_.dropped = cut_short();
      observer_.note(result_.dropped);
    }
    result_.interrupted = stopped_ && result_.dropped.empty();
    result_.complete = !stopped_ && result_.dropped.empty();
    return std::move(result_);
  }

 private:
  struct CellState {
    std::int64_t failures = 0;  // in a row
    OutcomeKind last = OutcomeKind::ok;
    double seconds = 0;  // of all its trials here
    std::int64_t trials = 0;
    std::int64_t good = 0;  // trials that ended well, also those of the session that is resumed
    std::int64_t open = 0;  // slots that still need a trial

    [[nodiscard]] std::optional<double> mean_s() const {
      return trials > 0 ? std::optional(seconds / static_cast<double>(trials)) : std::nullopt;
    }
  };
  using SlotKey = std::pair<std::string, std::int64_t>;
  struct SlotState {
    bool done = false;
    std::int64_t attempts = 0;
  };

  [[nodiscard]] bool time_is_left() const {
    return !options_.budget_s || static_cast<double>(steady_ns() - began_ns_) / kNsPerS < *options_.budget_s;
  }

  [[nodiscard]] std::size_t end_of_round(std::size_t begin) const {
    std::size_t end = begin;
    while (end < plan_.order.size() && plan_.order[end].repeat == plan_.order[begin].repeat) {
      ++end;
    }
    return end;
  }

  // One trial of a slot that needs one.
  Status fill(const Slot& slot) {
    const PlannedCell& cell = plan_.cells[slot.cell];
    SlotState& state = slots_[{cell.key, slot.repeat}];
    const CellState& known = cells_[cell.key];
    if (known.failures >= kFailuresInARow || (known.failures > 0 && is_final(known.last))) {
      settle(cell.key, state);
    }
    stopped_ = proc::interrupted();
    if (state.done || stopped_) {
      return {};
    }
    observer_.trial_begins(cell, slot, progress());
    MIA_TRY_ASSIGN(Trial trial, make_trial(slot, cell));
    stopped_ = trial.outcome.kind == OutcomeKind::cancelled || proc::interrupted();
    if (trial.outcome.kind == OutcomeKind::cancelled) {
      trial.outcome.reason = proc::out_of_time() ? "the budget was used up" : trial.outcome.reason;
    } else {
      remember(trial);
    }
    observer_.trial_ended(trial, progress());
    tell(trial);
    result_.trials.push_back(std::move(trial));
    return {};
  }

  Result<Trial> make_trial(const Slot& slot, const PlannedCell& cell) {
    TrialSpec spec;
    spec.position = next_position_++;
    spec.id = fmt::format("{}-{:04}", options_.id, spec.position);
    spec.cell = cell.key;
    spec.repeat = slot.repeat;
    spec.settings = cell.settings;
    spec.model = cell.subject.model;
    spec.worker = {cell.subject.runtime, cell.subject.env};
    spec.worker.env.merge(trial_environment(cell.settings));
    spec.graph = cell.settings.run.graph.value_or(!bench_.machine.gpus.empty()) && !proven_.contains(cell.key);
    if (const auto reason = options_.force ? std::nullopt : larger_than_failed(plan_, slot.cell, out_of_memory_)) {
      Trial trial;
      trial.id = spec.id;
      trial.cell = spec.cell;
      trial.repeat = spec.repeat;
      trial.position = spec.position;
      trial.started = utc_now();
      trial.requested = spec.settings;
      trial.outcome.kind = OutcomeKind::refused;
      trial.outcome.reason = *reason;
      return trial;
    }
    const std::int64_t began = steady_ns();
    auto trial = run_trial(spec, bench_);
    if (trial) {
      const double seconds = static_cast<double>(steady_ns() - began) / kNsPerS;
      for (CellState* const state : {&cells_[cell.key], &all_}) {
        state->seconds += seconds;
        ++state->trials;
      }
    }
    return trial;
  }

  void remember(const Trial& trial) {
    CellState& cell = cells_[trial.cell];
    cell.last = trial.outcome.kind;
    cell.failures = trial.outcome.ok() ? 0 : cell.failures + 1;
    cell.good += trial.outcome.ok() ? 1 : 0;
    SlotState& slot = slots_[{trial.cell, trial.repeat}];
    ++slot.attempts;
    if (!trial.outcome.ok() || trial.conditions.voided_by.empty() || slot.attempts >= kAttempts) {
      settle(trial.cell, slot);
    }
    if (trial.graph) {
      proven_.insert(trial.cell);
    }
    if (trial.outcome.kind == OutcomeKind::out_of_memory) {
      const auto at = std::ranges::find(plan_.cells, trial.cell, &PlannedCell::key);
      if (at != plan_.cells.end()) {
        out_of_memory_.insert(static_cast<std::size_t>(at - plan_.cells.begin()));
      }
    }
  }

  // Needs no further trial.
  void settle(const std::string& cell, SlotState& slot) {
    if (!std::exchange(slot.done, true)) {
      --cells_[cell].open;
      ++done_;
    }
  }

  void tell(const Trial& trial) {
    if (!trial.outcome.ok()) {
      const std::string cause = record::describe(trial.outcome);
      const bool again = std::exchange(told_[trial.cell], cause) == cause;
      observer_.note(fmt::format("{}: {}", trial.cell, again ? "failed again, in the same way" : cause));
    } else if (!trial.conditions.voided_by.empty() && ++disturbed_ == 1) {
      observer_.note(
          fmt::format("{}: disturbed from outside ({}): such trials are repeated up to {} times at the end "
                      "of their round, and from here on only counted",
                      trial.cell, join(trial.conditions.voided_by, ", "), kAttempts - 1));
    }
  }

  // The budget drops repeats evenly: whole rounds, never single cells, and never the first round.
  bool over_budget(std::size_t next) {
    if (!options_.budget_s || next == 0 || plan_.order[next].repeat == plan_.order[next - 1].repeat) {
      return false;
    }
    const double elapsed = static_cast<double>(steady_ns() - began_ns_) / kNsPerS;
    const double round = seconds_of(plan_.order[next].repeat, next);
    if (round == 0 || elapsed + round <= *options_.budget_s) {
      return false;
    }
    result_.dropped = dropped_from(plan_.order[next]);
    observer_.note(result_.dropped);
    return true;
  }

  // Of a plan that was ended in the middle of a round.
  [[nodiscard]] std::string cut_short() const {
    const auto empty =
        std::ranges::count_if(plan_.cells, [this](const PlannedCell& cell) { return cells_.at(cell.key).good == 0; });
    return fmt::format(
        "the budget is used up: {} of {} trials were measured, the one that would have passed it was ended{}", done_,
        plan_.order.size(), empty > 0 ? fmt::format("; {} of {} cells have no trial", empty, plan_.cells.size()) : "");
  }

  // Rounds beyond those of the plan are fresh repeats of some cells.
  [[nodiscard]] std::string dropped_from(const Slot& slot) const {
    const std::int64_t planned = plan_.cells[slot.cell].settings.run.repeats.value_or(5);
    if (slot.repeat >= planned) {
      return fmt::format("the budget is used up: {} of {} rounds of fresh repeats were measured, the others dropped",
                         slot.repeat - planned, plan_.order.back().repeat + 1 - planned);
    }
    return fmt::format("the budget is used up: {} of {} repeats of every cell were measured, the others dropped evenly",
                       slot.repeat, plan_.order.back().repeat + 1);
  }

  [[nodiscard]] double seconds_of(std::int64_t round, std::size_t from) const {
    double sum = 0;
    for (std::size_t i = from; i < plan_.order.size() && plan_.order[i].repeat == round; ++i) {
      const std::string& key = plan_.cells[plan_.order[i].cell].key;
      const auto slot = slots_.find({key, round});
      const bool done = slot != slots_.end() && slot->second.done;
      sum += done ? 0 : expected_seconds(cells_.at(key)).value_or(0);
    }
    return sum;
  }

  // Of one trial; of any other cell's where this one has none yet.
  [[nodiscard]] std::optional<double> expected_seconds(const CellState& cell) const {
    return (cell.trials > 0 ? cell : all_).mean_s();
  }

  [[nodiscard]] Progress progress() const {
    Progress progress{done_, plan_.order.size(), std::nullopt, disturbed_};
    if (all_.trials > 0) {
      double remaining = 0;
      for (const auto& [key, cell] : cells_) {
        remaining += static_cast<double>(cell.open) * expected_seconds(cell).value_or(0);
      }
      progress.remaining_s = remaining;
    }
    return progress;
  }

  const Plan& plan_;
  Bench& bench_;
  const SessionOptions& options_;
  RunObserver& observer_;
  std::int64_t next_position_ = 0;  // of all trials, cancelled ones of an earlier run included
  std::int64_t began_ns_;
  SessionResult result_;
  std::map<std::string, CellState> cells_;
  CellState all_;              // seconds and trials of all cells
  std::size_t done_ = 0;       // slots
  std::size_t disturbed_ = 0;  // trials
  std::map<SlotKey, SlotState> slots_;
  std::map<std::string, std::string> told_;  // by cell: the cause of its last failure
  std::set<std::size_t> out_of_memory_;
  std::set<std::string> proven_;  // cells whose graph is known
  bool stopped_ = false;
};

}  // namespace

Result<SessionResult> run_session(const Plan& plan, Bench& bench, const SessionOptions& options,
                                  RunObserver& observer) {
  return SessionRun(plan, bench, options, observer).run();
}

}  // namespace mia::measure
