// SPDX-License-Identifier: MIT
#include "record/trial.h"

#include "record/json_members.h"

namespace mia::record {

std::optional<std::string> contradiction(const Run& run) {
  if (run.tokens_out == static_cast<std::int64_t>(run.token_ns.size())) {
    return std::nullopt;
  }
  return fmt::format("tokens_out is {} but there are {} token stamps", run.tokens_out, run.token_ns.size());
}

Json to_json(const Run& run) {
  return members_to_json(run);
}
Result<Run> run_from_json(const Json& json) {
  return from_members<Run>(json, "run");
}

Result<Conditions> conditions_from_json(const Json& json) {
  return from_members<Conditions>(json, "conditions");
}

Json to_json(const Trial& trial) {
  return members_to_json(trial);
}
Result<Trial> trial_from_json(const Json& json) {
  return from_members<Trial>(json, "trial");
}

}  // namespace mia::record
