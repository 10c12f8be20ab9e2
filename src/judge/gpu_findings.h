// SPDX-License-Identifier: MIT
// What may be said of cells on a GPU: named findings with their evidence, each by one rule on the report alone.
#pragma once

#include <vector>

#include "record/report.h"

namespace mia::judge {

struct GpuRules {
  double full_share = 0.95;      // of the GPU's memory in use: the next larger prompt may not fit
  std::int64_t many_splits = 8;  // of one decode: a plain split into CPU and GPU layers needs 2 or 3
  double cliff = 0.25;           // fraction of the speed lost from one number of layers to the next larger one
};

// gpu_slower_than_cpu, layer_cliff: along n_gpu_layers, other settings alike (partial_offload_anomaly: mode_anomaly.h).
// flash_attention_requested_but_off, vram_nearly_full, splits_per_token_high: of single cells.
[[nodiscard]] std::vector<record::Finding> gpu_findings(const record::Report& report, const GpuRules& rules = {});

}  // namespace mia::judge
