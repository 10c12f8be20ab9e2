// SPDX-License-Identifier: MIT
// What may be said of a report: named findings with their evidence, a recommendation beyond the noise, and the sentence
// a person would say.
#pragma once

#include <string>

#include "record/report.h"

namespace mia::judge {

// Smallest gain worth a recommendation, fraction.
inline constexpr double kLeastGain = 0.03;

// Adds findings and fills recommendation and sentence; what the report already has stays. Idempotent on a report
// without them. Works on unfinished reports.
void conclude(record::Report& report);

}  // namespace mia::judge
