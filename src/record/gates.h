// SPDX-License-Identifier: MIT
// From where on a sensor's reading makes a trial worthless. Gates look at sensors only, never at the timing result, so
// that voiding cannot bias a comparison; frequency, power capping and I/O pressure are recorded but void nothing (an
// idle CPU clocks down, a power cap is normal operation of a GPU, a cold load makes I/O pressure of its own). The
// limits of steal and bandwidth come from recordings: docs/adr/0022-a-gate-earns-its-trials.md.
#pragma once

#include <optional>

#include "record/machine.h"
#include "record/trial.h"

namespace mia::record {

// What the readings of memory bandwidth of a session usually are, and the least that is still their own noise.
struct UsualBandwidth {
  double gb_s = 0;
  double least_gb_s = 0;
};

struct Gates {
  double steal_of_wall = 0.05;       // stolen CPU seconds per second: threads wait for each other, so each that one
                                     // thread loses may be lost to all, however many CPUs there are
  double steal_least_s = 0.03;       // three ticks of /proc/stat: below it the counter cannot be told from rounding
  double pressure_share = 0.05;      // of wall time, PSI "some" of memory, and of CPU when others cause it (§6)
  double other_cpus_pressed = 0.10;  // CPUs others must use before CPU pressure counts as theirs: a trial with more
                                     // threads than cores presses itself, and that is what it was asked to measure
  double other_cpus = 0.50;          // CPUs used by others: void even without pressure, they take memory bandwidth
  std::optional<UsualBandwidth> bandwidth;  // void where both readings lie below its least; none: recorded only
};

// CPUs whose time `steal_s` and `other_cpu_s` count.
[[nodiscard]] inline double counted_cpus(const Conditions& conditions, const Machine& machine) {
  return static_cast<double>(conditions.watched_cpus.value_or(machine.logical_cpus.value_or(1)));
}

}  // namespace mia::record
