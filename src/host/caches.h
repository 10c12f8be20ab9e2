// SPDX-License-Identifier: MIT
// Of the host room only.
#pragma once

#include <cstdint>

namespace mia::host {

// All caches of the last level together, bytes; nullopt becomes 0 because only a lower limit is made from it.
[[nodiscard]] std::int64_t last_cache_bytes();

}  // namespace mia::host
