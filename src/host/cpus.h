// SPDX-License-Identifier: MIT
// Of the host room only.
#pragma once

#include <cstdint>
#include <filesystem>
#include <set>
#include <vector>

namespace mia::host {

// /sys/devices/system/cpu/cpu0, cpu1, ... in no order; empty where /sys does not show them.
[[nodiscard]] std::vector<std::filesystem::path> cpu_folders(const std::filesystem::path& root);

// The CPUs of this thread's affinity mask (taskset, a cpuset), by the kernel's numbers; empty where it cannot be read.
[[nodiscard]] std::set<std::int64_t> affinity();

}  // namespace mia::host
