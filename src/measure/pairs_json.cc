// SPDX-License-Identifier: MIT
#include "measure/pairs.h"
#include "record/json_members.h"

namespace mia::measure {

// Not in an unnamed namespace: the readers find each() by argument-dependent lookup.
MIA_MEMBERS(ArmRun, run, conditions)
MIA_MEMBERS(RunPair, index, a_first, trace_seed, voided_by, disturbed_by, a, b)
MIA_MEMBERS(PairEpoch, index, a_started, padding_a_bytes, padding_b_bytes, warm_up_runs, steady, preparation_s, pairs_s,
            idle_cpus, pairs)

Json to_json(const std::vector<PairEpoch>& epochs) {
  return record::members_to_json(epochs);
}
Result<std::vector<PairEpoch>> epochs_from_json(const Json& json) {
  return record::from_members<std::vector<PairEpoch>>(json, "epoch_table");
}

}  // namespace mia::measure
