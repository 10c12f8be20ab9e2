// SPDX-License-Identifier: MIT
// Writing what was found into the configuration: only what a report recommends, never within noise.
#pragma once

#include "app/scope.h"
#include "base/result.h"
#include "record/report.h"

namespace mia::app {

// The report's recommendation into overrides.local.yaml; says so when there is none.
[[nodiscard]] Status apply_recommendation(const record::Report& report, const Scope& scope);

// The model of a clear quant-compare verdict into base.yaml as llm.primary.id; says so when there is none.
[[nodiscard]] Status decide_model(const record::Report& report, const Scope& scope);

void log_store_error(const Error& error);

}  // namespace mia::app
