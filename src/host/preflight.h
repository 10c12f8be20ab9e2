// SPDX-License-Identifier: MIT
// What will disturb measuring on this machine, said before it starts, each with its cure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "host/conditions.h"
#include "record/machine.h"
#include "record/report.h"

namespace mia::host {

// Everything the judgement looks at; nullopt: cannot be seen on this machine, and then nothing is said about it.
struct PreflightFacts {
  record::Conditions second;  // what happened on the machine during one idle second
  std::optional<double> load1;
  std::optional<std::int64_t> swap_used_bytes;
  std::optional<double> cgroup_cpus;
  std::optional<std::int64_t> available_bytes;
  std::optional<std::string> huge_pages;  // always | madvise | never
  std::optional<std::string> clock_source;
  std::optional<double> clock_step_ns;  // least difference of two readings of the steady clock
  std::optional<bool> on_battery;
  std::optional<bool> numa_balancing;
  std::optional<bool> turbo;  // may the clock rise above its nominal value?
  bool pressure_seen = true;  // does the kernel have /proc/pressure?
  std::optional<std::int64_t> model_bytes;
  std::optional<bool> can_evict;
  std::optional<bool> residency_known;  // does mincore tell the truth about the model's file?
  bool gpu_device = false;              // an NVIDIA device node is there
  std::vector<GpuState> gpus;
  std::string gpu_reason;  // why NVML shows none
};

// Watches the machine for a second, then looks at its settings and at the GPUs that `gpu` watches. `model`: the
// one that will be measured, if any is.
[[nodiscard]] PreflightFacts observe(const record::ModelInfo* model, GpuMonitor& gpu);
[[nodiscard]] std::vector<record::Finding> judge_preflight(const record::Machine& machine, const PreflightFacts& facts);

// Both: takes about 1.1 s.
[[nodiscard]] std::vector<record::Finding> preflight(const record::Machine& machine, const record::ModelInfo* model,
                                                     GpuMonitor& gpu);

}  // namespace mia::host
