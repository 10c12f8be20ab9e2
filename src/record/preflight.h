// SPDX-License-Identifier: MIT
// What a machine is like before anything is measured on it. nullopt: it cannot be seen on this machine.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "record/machine.h"
#include "record/trial.h"

namespace mia::record {

// A GPU at rest.
struct GpuAtRest {
  std::int64_t index = 0;                              // the driver's
  std::optional<std::vector<std::int64_t>> processes;  // ids of what runs on it; host's ids inside a container
  std::optional<std::int64_t> throttle_reasons;        // NVML's bit mask
  std::string slowed_by;                               // those of them that void a trial, in words
};

struct PreflightFacts {
  Conditions second;  // what happened on the machine during one idle second
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
  std::vector<GpuAtRest> gpus;
  std::string gpu_reason;  // why NVML shows none
};

struct RuntimeCuda {
  std::string name;
  bool has_backend = false;                    // a CUDA backend among its backends or libraries
  bool sees_gpu = false;                       // when it was installed
  std::string needs;                           // "13": the libcudart it is linked with; "" where linked in or unknown
  std::optional<std::string> visible_devices;  // CUDA_VISIBLE_DEVICES as its worker gets it
};

struct CudaFacts {
  std::vector<GpuInfo> gpus;  // of NVML; empty: no driver here
  std::string toolkit;        // "13.0" of nvcc, "" for none
  std::vector<RuntimeCuda> runtimes;
};

}  // namespace mia::record
