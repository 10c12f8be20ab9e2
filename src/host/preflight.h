// SPDX-License-Identifier: MIT
// What this machine is like before anything is measured on it. What of that will disturb is the judge's to say.
#pragma once

#include "host/gpu.h"
#include "record/preflight.h"

namespace mia::host {

// Watches the machine for a second, then looks at its settings and at the GPUs that `gpu` watches: about 1.1 s.
// `model`: the one that will be measured, if any is.
[[nodiscard]] record::PreflightFacts observe(const record::ModelInfo* model, GpuMonitor& gpu);

}  // namespace mia::host
