// SPDX-License-Identifier: MIT
// Writing what was found into the configuration: only what a report recommends, never within noise.
#pragma once

#include <string>

#include "app/scope.h"
#include "base/result.h"
#include "record/fields.h"
#include "record/report.h"

namespace mia::app {

// The report's recommendation into overrides.local.yaml. What was written where, or that there was nothing to write.
[[nodiscard]] Result<std::string> apply_recommendation(const record::Report& report, const Scope& scope);

// Settings that were found better, into overrides.local.yaml; `sentence` stands above each as the reason.
[[nodiscard]] Result<std::string> apply_settings(const record::SettingList& settings, const std::string& sentence,
                                                 const Scope& scope);

// The same for the model of a clear quant-compare verdict, into base.yaml as llm.primary.id.
[[nodiscard]] Result<std::string> decide_model(const record::Report& report, const Scope& scope);

}  // namespace mia::app
