// SPDX-License-Identifier: MIT
// What will disturb measuring on a machine, said before it starts, each with its cure; the worst first.
#pragma once

#include <vector>

#include "record/preflight.h"
#include "record/report.h"

namespace mia::judge {

[[nodiscard]] std::vector<record::Finding> preflight_findings(const record::Machine& machine,
                                                              const record::PreflightFacts& facts);

}  // namespace mia::judge
