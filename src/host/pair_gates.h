// SPDX-License-Identifier: MIT
// Which sensors void a pair of runs that follow each other, and which only make it worth less than an undisturbed one.
// What disturbs both runs alike cancels in their ratio, so unlike a single trial (conditions.h) a pair is voided only
// by what hit its runs unequally, and by what no ratio repairs. The rules treat both runs alike and never look at a
// time: they cannot favour an arm.
#pragma once

#include <string>
#include <vector>

#include "record/machine.h"
#include "record/trial.h"

namespace mia::host {

struct PairGates {
  double steal_gap = 0.05;        // of all CPUs: stolen from one run and not from the other
  double steal_least_s = 0.03;    // three ticks of /proc/stat
  double others_gap = 0.50;       // CPUs that others used beside one run and not beside the other
  double others_least_s = 0.06;   // six ticks: two counters are subtracted
  double memory_pressure = 0.05;  // of a run's time, PSI "some" of memory
  double steal_share = 0.05;      // of all CPUs, in either run: disturbed
  double others_cpus = 0.25;      // CPUs that others used beside either run: disturbed
};

// Names of the reasons: "steal", "other programs", "memory pressure", "swap", "CPU heat", "GPU slowdown". Empty: the
// pair counts.
[[nodiscard]] std::vector<std::string> pair_voided_by(const record::Conditions& a, const record::Conditions& b,
                                                      const record::Machine& machine, const PairGates& gates = {});

// Names of what disturbed either run, "steal" or "other programs": the pair is valid, but scatters more.
[[nodiscard]] std::vector<std::string> pair_disturbed_by(const record::Conditions& a, const record::Conditions& b,
                                                         const record::Machine& machine, const PairGates& gates = {});

}  // namespace mia::host
