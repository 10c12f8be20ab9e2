// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

namespace mia::host {

// What the control groups of this process allow: the tightest of all levels up to the root.
struct CgroupLimits {
  std::optional<std::int64_t> memory_bytes;
  std::optional<std::int64_t> memory_headroom_bytes;  // least of limit - used (page cache that can go counts as free)
  std::optional<double> cpus;                         // quota / period
};

// v1 and v2 under their usual mount points. Inside a container whose path is not mounted, the mount's root is read.
[[nodiscard]] CgroupLimits cgroup_limits(const std::filesystem::path& root = "/");

}  // namespace mia::host
