// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "host/gpu.h"
#include "measure/plan.h"
#include "record/machine.h"
#include "record/report.h"

namespace mia::cli {

// Asks each runtime once which GPUs it sees now, keeps them in the subjects and lets the monitor watch these alone.
// Returns gpu_hidden where one that was built for this machine's GPU sees none. Nothing happens where there is no GPU.
[[nodiscard]] std::vector<record::Finding> watch_gpus(const std::vector<measure::Subject*>& subjects,
                                                      const record::Machine& machine, host::GpuMonitor& monitor);

}  // namespace mia::cli
