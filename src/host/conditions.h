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

// CPUs whose time `steal_s` and `other_cpu_s` count.
[[nodiscard]] double counted_cpus(const record::Conditions& conditions, const record::Machine& machine);

// What was seen while the trial ran says more than the idle moments around it.
void add_gpu(record::Conditions& conditions, const GpuSummary& summary);

// Limits of the gates. They look at sensors only, never at the timing result, so that voiding cannot bias a comparison;
// frequency, power capping and I/O pressure are recorded but void nothing (an idle CPU clocks down, a power cap is
// normal operation of a GPU, a cold load makes I/O pressure of its own).
struct Gates {
  double steal_share = 0.01;         // of wall time x CPUs (statistics.md §6)
  double steal_least_s = 0.03;       // three ticks of /proc/stat: below it the counter cannot be told from rounding
  double pressure_share = 0.05;      // of wall time, PSI "some" of memory, and of CPU when others cause it (§6)
  double other_cpus_pressed = 0.10;  // CPUs others must use before CPU pressure counts as theirs: a trial with more
                                     // threads than cores presses itself, and that is what it was asked to measure
  double other_cpus = 0.50;          // CPUs used by others: void even without pressure, they take memory bandwidth
  double canary_ratio = 0.75;        // smaller over larger of the two canary readings (NVBench's clock gate)
};

// One sentence for each reason why the trial must be repeated; empty when it counts.
[[nodiscard]] std::vector<std::string> voided_by(const record::Conditions& conditions, const record::Machine& machine,
                                                 const Gates& gates = {});

}  // namespace mia::host
