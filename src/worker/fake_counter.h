// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "base/result.h"

namespace mia::worker {

// The number of this process, from 1: counted up in the file named by MIA_FAKE_COUNTER, under a lock; always 1 without.
[[nodiscard]] Result<std::int64_t> count_trial();

}  // namespace mia::worker
