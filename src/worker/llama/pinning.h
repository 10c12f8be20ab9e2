// SPDX-License-Identifier: MIT
// On which CPUs the threads that compute may run.
#pragma once

#include <vector>

#include "base/result.h"
#include "record/settings.h"

namespace mia::worker {

struct Pinning {
  std::vector<int> cpus;  // empty: wherever the system puts them
  bool strict = false;    // each thread on one of them
};

// Binds this process (and so every thread that it starts later) to settings.cpu_mask, or frees it again to what it was
// allowed at first. Strict without a mask means all of those. Error kind unsupported names a CPU that the process may
// not use; no mask at all on a system that binds nothing.
[[nodiscard]] Result<Pinning> pin_process(const record::LlmSettings& settings);

// Is this process bound to exactly these CPUs?
[[nodiscard]] bool is_pinned_to(const std::vector<int>& cpus);

}  // namespace mia::worker
