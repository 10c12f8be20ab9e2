// SPDX-License-Identifier: MIT
#pragma once

#include "app/plan_request.h"
#include "base/result.h"
#include "cli/cli.h"

namespace mia::cli {

// -m, --runtime, --axis, --only, --repeats.
void add_plan_options(CLI::App& verb, app::PlanRequest& request);

// Why a text is no seed; "" it is one.
[[nodiscard]] std::string seed_problem(const std::string& text);

// Seconds of --budget, above 0.
[[nodiscard]] Result<double> budget_of(const std::string& budget);

// --wait[=20m] of a verb that measures. `wait`: as it was typed.
void add_wait_option(CLI::App& verb, std::string& wait);
// Seconds; 0 where it was not given, infinite where it was given without a time.
[[nodiscard]] Result<double> wait_of(const std::string& wait);

}  // namespace mia::cli
