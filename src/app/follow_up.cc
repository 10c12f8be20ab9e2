// SPDX-License-Identifier: MIT
#include "app/follow_up.h"

#include <algorithm>

namespace mia::app {

Status extend_plan(measure::Plan& plan, const judge::FollowUp& follow) {
  std::vector<measure::Again> again;
  for (const judge::Wanted& wanted : follow.wanted) {
    const auto at = std::ranges::find(plan.cells, wanted.cell, &measure::PlannedCell::key);
    if (at == plan.cells.end()) {
      return fail(ErrorKind::internal, "a repeat is wanted of '{}', which the plan does not have", wanted.cell);
    }
    auto cell = static_cast<std::size_t>(at - plan.cells.begin());
    if (!wanted.field.empty()) {
      const auto variant = measure::add_variant(plan, cell, wanted.field, wanted.value);
      if (!variant) {
        continue;
      }
      cell = *variant;
    }
    again.push_back({cell, wanted.repeats, wanted.first});
  }
  measure::add_repeats(plan, again);
  return {};
}

}  // namespace mia::app
