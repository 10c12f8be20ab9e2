// SPDX-License-Identifier: MIT
// What may be said of a report: named findings with their evidence, a recommendation beyond the noise, and the sentence
// a person would say.
#pragma once

#include "record/report.h"

namespace mia::judge {

// Adds findings and fills recommendation and sentence, those of the parts of a probe, too; what the report already has
// stays. Idempotent on a report without them. Works on unfinished reports. `asked`: the scenario or the user wants a
// recommendation; without it none is found wanting.
void conclude(record::Report& report, bool asked = true);

}  // namespace mia::judge
