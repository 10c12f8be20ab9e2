// SPDX-License-Identifier: MIT
// From what a person typed to a plan: shared by the verbs that measure scenarios.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "app/observer.h"
#include "base/result.h"
#include "measure/plan.h"
#include "record/machine.h"

namespace mia::app {

struct PlanRequest {
  std::string scenario;  // built-in name or file
  std::vector<std::string> models;
  std::vector<std::string> runtimes;
  std::vector<std::string> axes;  // "key=value,value"
  std::vector<std::string> only;
  std::optional<std::int64_t> repeats;
};

[[nodiscard]] Result<measure::Plan> plan_of(const PlanRequest& request, const Caller& caller,
                                            const record::Machine& machine);

}  // namespace mia::app
