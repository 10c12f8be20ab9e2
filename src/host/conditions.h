// SPDX-License-Identifier: MIT
// What else the machine did during a trial, and which of it makes the trial worthless.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "host/gpu.h"
#include "host/proc_text.h"
#include "record/gates.h"
#include "record/machine.h"
#include "record/trial.h"

namespace mia::host {

// Counters since boot at one moment; a sensor that this machine lacks is nullopt.
struct Snapshot {
  std::int64_t at_ns = 0;       // steady clock
  std::optional<CpuTimes> cpu;  // of the CPUs this process may run on: what runs beside them is not in its way
  std::optional<double> psi_cpu_some_s;
  std::optional<double> psi_memory_some_s;
  std::optional<double> psi_io_some_s;
  std::optional<double> load1;
  std::optional<double> frequency_mhz;          // mean over the CPUs
  std::optional<std::int64_t> throttle_events;  // thermal, all cores and packages
  std::optional<std::int64_t> available_bytes;
  std::optional<std::int64_t> swap_in_pages;
  std::vector<GpuState> gpus;
};

// Reads the sensors in about a millisecond. `root` is where proc/ and sys/ lie (tests use a folder of recorded files).
[[nodiscard]] Snapshot snapshot(GpuMonitor* gpu = nullptr, const std::filesystem::path& root = "/");

// Differences of two snapshots. `own_cpu_s`: CPU seconds that the trial used itself (user and system, all threads),
// taken off so that `other_cpu_s` is what everybody else used. The canary's fields and `voided_by` are left alone.
[[nodiscard]] record::Conditions between(const Snapshot& before, const Snapshot& after,
                                         std::optional<double> own_cpu_s);

// What was seen while the trial ran says more than the idle moments around it.
void add_gpu(record::Conditions& conditions, const GpuSummary& summary);

// One sentence for each reason why the trial must be repeated; empty when it counts.
[[nodiscard]] std::vector<std::string> voided_by(const record::Conditions& conditions, const record::Gates& gates = {});

}  // namespace mia::host
