// SPDX-License-Identifier: MIT
// From where on a sensor's reading makes a trial worthless. Gates look at sensors only, never at the timing result, so
// that voiding cannot bias a comparison; frequency, power capping and I/O pressure are recorded but void nothing (an
// idle CPU clocks down, a power cap is normal operation of a GPU, a cold load makes I/O pressure of its own).
#pragma once

#include "record/machine.h"
#include "record/trial.h"

namespace mia::record {

struct Gates {
  double steal_share = 0.01;         // of wall time x CPUs (statistics.md §6)
  double steal_least_s = 0.03;       // three ticks of /proc/stat: below it the counter cannot be told from rounding
  double pressure_share = 0.05;      // of wall time, PSI "some" of memory, and of CPU when others cause it (§6)
  double other_cpus_pressed = 0.10;  // CPUs others must use before CPU pressure counts as theirs: a trial with more
                                     // threads than cores presses itself, and that is what it was asked to measure
  double other_cpus = 0.50;          // CPUs used by others: void even without pressure, they take memory bandwidth
  double canary_ratio = 0.75;        // smaller over larger of the two canary readings (NVBench's clock gate)
};

// CPUs whose time `steal_s` and `other_cpu_s` count.
[[nodiscard]] inline double counted_cpus(const Conditions& conditions, const Machine& machine) {
  return static_cast<double>(conditions.watched_cpus.value_or(machine.logical_cpus.value_or(1)));
}

}  // namespace mia::record
