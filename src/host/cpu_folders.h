// SPDX-License-Identifier: MIT
// Of the host room only.
#pragma once

#include <filesystem>
#include <vector>

namespace mia::host {

// /sys/devices/system/cpu/cpu0, cpu1, ... in no order; empty where /sys does not show them.
[[nodiscard]] std::vector<std::filesystem::path> cpu_folders(const std::filesystem::path& root);

}  // namespace mia::host
