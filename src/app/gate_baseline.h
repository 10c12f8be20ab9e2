// SPDX-License-Identifier: MIT
// What a report is judged against: the accepted one that may judge it, and the noise between sessions from history.
#pragma once

#include <optional>

#include "base/result.h"
#include "judge/thresholds.h"
#include "record/report.h"
#include "store/store.h"

namespace mia::app {

// Usage error that names every difference when `accepted` must not judge `report`.
[[nodiscard]] Status require_comparable(const record::Report& accepted, const record::Report& report);

// The accepted report of the same model, machine and scenario; nullopt where there is none. Usage error when only
// another machine has one, or when it differs in what decides the speed.
[[nodiscard]] Result<std::optional<record::Report>> find_baseline(store::Store& store, const record::Report& report);

// Of the cells of which the store has enough other sessions of the same configuration.
[[nodiscard]] Result<judge::LimitNoise> noise_from_history(store::Store& store, const record::Report& report);

}  // namespace mia::app
