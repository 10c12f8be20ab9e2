// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

namespace mia::proc {

// Kills by the kernel's out-of-memory killer so far. `cgroup`: of processes in our cgroup (v2 memory.events, v1
// memory.oom_control); `machine`: /proc/vmstat. nullopt where the kernel does not tell.
struct OomKills {
  std::optional<std::int64_t> cgroup;
  std::optional<std::int64_t> machine;
};

[[nodiscard]] OomKills count_oom_kills(const std::filesystem::path& proc = "/proc",
                                       const std::filesystem::path& cgroups = "/sys/fs/cgroup");
// The machine's count includes our cgroup and those made below it; the cgroup's own may miss the latter (v1).
[[nodiscard]] bool rose(const OomKills& before, const OomKills& after);

}  // namespace mia::proc
