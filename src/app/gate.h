// SPDX-License-Identifier: MIT
// The gate: a report of its own or a named one, the limits and the baseline that judge it, and the fresh measurement
// that confirms what failed.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "app/observer.h"
#include "app/plan_request.h"
#include "base/result.h"
#include "record/report.h"

namespace mia::app {

struct GateRequest {
  std::string what;                       // report file or session; "" measures `plan`
  PlanRequest plan;                       // its scenario is "" where `what` is judged
  std::string against;                    // "" = the accepted report of the store
  std::filesystem::path out = "reports";  // folder of what is measured
  std::string margin;                     // "" = the drops that the limits allow
  std::optional<double> budget_s;         // of all that is measured here
  double wait_s = 0;                      // for another mia-perf that measures
  bool no_confirm = false;
  bool no_baseline = false;
  bool allow_edited = false;
};

// The report with its checks and judgement. Flagged cells are measured again unless the request says not to; a report
// that was measured here says in its files and in the store how it was judged. Usage error for a request that names
// nothing or both, a report that is not whole, a baseline that must not judge it, or a confirmation that cannot be had
// here.
[[nodiscard]] Result<record::Report> gate(const Caller& caller, const GateRequest& request);

}  // namespace mia::app
