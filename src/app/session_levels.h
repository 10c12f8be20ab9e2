// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "judge/trend.h"
#include "store/types.h"

namespace mia::app {

// In the order in which the sessions began.
[[nodiscard]] std::vector<judge::SessionLevel> session_levels(const std::vector<store::SeriesPoint>& points);

}  // namespace mia::app
