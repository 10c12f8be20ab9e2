// SPDX-License-Identifier: MIT
#pragma once

#include "base/result.h"
#include "judge/follow_up.h"
#include "measure/plan.h"

namespace mia::app {

// What the judge wants measured again, as slots at the end of the plan. A variant that cannot be (a value out of range)
// is left out.
[[nodiscard]] Status extend_plan(measure::Plan& plan, const judge::FollowUp& follow);

}  // namespace mia::app
