// SPDX-License-Identifier: MIT
// Pairs of runs of two arms, epoch by epoch: what a comparison is judged from, today or again later.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "record/members.h"
#include "record/trial.h"

namespace mia::record {

struct ArmRun {
  Run run;
  Conditions conditions;  // from just before to just after this run
};
MIA_MEMBERS(ArmRun, run, conditions)

struct RunPair {
  std::int64_t index = 0;
  bool a_first = true;
  std::int64_t trace_seed = 0;
  ArmRun a;
  ArmRun b;
  std::vector<std::string> voided_by;     // by sensors, never by the times; empty: the pair counts
  std::vector<std::string> disturbed_by;  // it counts, but undisturbed ones are worth more
};
MIA_MEMBERS(RunPair, index, a_first, trace_seed, voided_by, disturbed_by, a, b)

struct PairEpoch {
  std::int64_t index = 0;
  bool a_started = true;  // A's process was started first
  std::int64_t padding_a_bytes = 0;
  std::int64_t padding_b_bytes = 0;
  std::int64_t warm_up_runs = 0;  // of each arm
  bool steady = false;            // no arm's last warm-up run was a tenth faster than the one before
  double preparation_s = 0;       // starting, loading, warming up
  double pairs_s = 0;
  std::optional<double> idle_cpus;  // CPUs that the arm used whose turn it was not
  std::vector<RunPair> pairs;
};
MIA_MEMBERS(PairEpoch, index, a_started, padding_a_bytes, padding_b_bytes, warm_up_runs, steady, preparation_s, pairs_s,
            idle_cpus, pairs)

}  // namespace mia::record
