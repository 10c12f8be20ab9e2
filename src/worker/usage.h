// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "record/trial.h"

namespace mia::worker {

// What the kernel counts for this process, all threads.
struct Usage {
  std::int64_t minor_faults = 0;
  std::int64_t major_faults = 0;
  std::int64_t voluntary_switches = 0;
  std::int64_t involuntary_switches = 0;
};

[[nodiscard]] Usage usage_now();
// The differences into the run's members.
void add_usage(record::Run& run, const Usage& before, const Usage& after);

}  // namespace mia::worker
