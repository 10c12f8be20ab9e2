// SPDX-License-Identifier: MIT
// The work of the gate: a session of its own, the limits and the baseline that judge a report, and the fresh
// measurement that confirms what failed.
#pragma once

#include <string>

#include "app/plan_request.h"
#include "app/run_session.h"
#include "app/scope.h"
#include "base/result.h"
#include "record/report.h"

namespace mia::app {

struct GateRequest {
  std::string what;
  PlanRequest plan;     // --run; scenario "" judges `what`
  std::string against;  // "" = the accepted report of the store
  std::string out = "reports";
  std::string margin;  // "" = the drops that the limits allow
  std::string on_unclear = "fail";
  std::string junit;
  std::string markdown;
  bool github = false;
  bool no_confirm = false;
  bool no_baseline = false;
  bool allow_edited = false;
};

// Measured, written and stored like any other session. `stem`: of the report files, "" = the scenario's own.
[[nodiscard]] Result<SessionEnd> measure_for_gate(const Scope& scope, const GateRequest& request, measure::Plan plan,
                                                  const record::Machine& machine, const std::string& stem,
                                                  Observer& observer);

// Fills checks and judgement of the report; flagged cells are measured again unless the request says not to. Usage
// error for a report that is not whole, a baseline that must not judge it, or a confirmation that cannot be had here.
[[nodiscard]] Status judge_for_gate(const Scope& scope, const GateRequest& request, record::Report& report,
                                    Observer& observer);

}  // namespace mia::app
