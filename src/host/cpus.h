// SPDX-License-Identifier: MIT
// Of the host room only.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <set>
#include <vector>

#include "record/machine.h"

namespace mia::host {

// /sys/devices/system/cpu/cpu0, cpu1, ... in no order; empty where /sys does not show them.
[[nodiscard]] std::vector<std::filesystem::path> cpu_folders(const std::filesystem::path& root);

// The CPUs of this thread's affinity mask (taskset, a cpuset), by the kernel's numbers; empty where it cannot be read.
[[nodiscard]] std::set<std::int64_t> affinity();

// Cores, kinds of cores, caches and NUMA nodes by hwloc (HWLOC_XMLFILE and the like hold), and what of them an affinity
// and a quota (in CPUs) leave.
void read_cpus(const std::set<std::int64_t>& affinity, const std::optional<double>& quota, record::Machine& machine);

}  // namespace mia::host
