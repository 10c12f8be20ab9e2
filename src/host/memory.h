// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

namespace mia::host {

// Memory a new process can take without swapping: MemAvailable, or what the cgroup has left if that is less.
[[nodiscard]] std::optional<std::int64_t> available_memory_bytes(const std::filesystem::path& root = "/");

}  // namespace mia::host
