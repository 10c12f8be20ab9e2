// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "host/gpu.h"
#include "measure/plan.h"
#include "record/machine.h"
#include "record/report.h"

namespace mia::app {

struct GpuUse {
  measure::Subject* subject = nullptr;
  bool wanted = true;  // may its trial put layers on a GPU?
};

// Asks each runtime once which devices it sees now, keeps them in the subjects and lets the monitor watch its GPUs
// alone; all, where one of them does not say which. Returns gpu_hidden where a runtime for this machine's GPU sees none
// and layers may be put there. Nothing happens where there is no GPU.
[[nodiscard]] std::vector<record::Finding> watch_gpus(const std::vector<GpuUse>& uses, const record::Machine& machine,
                                                      host::GpuMonitor& monitor);

}  // namespace mia::app
