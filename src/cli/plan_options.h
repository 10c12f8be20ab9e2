// SPDX-License-Identifier: MIT
#pragma once

#include "app/plan_request.h"
#include "cli/cli.h"

namespace mia::cli {

// -m, --runtime, --axis, --only, --repeats.
void add_plan_options(CLI::App& verb, app::PlanRequest& request);

}  // namespace mia::cli
