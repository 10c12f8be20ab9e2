// SPDX-License-Identifier: MIT
#pragma once

namespace mia::worker {

// The function `name` of the loaded library that holds `address`; null where it has none. A backend that was loaded at
// run time exports more than its registry hands out.
[[nodiscard]] void* sibling_function(const void* address, const char* name);

}  // namespace mia::worker
