// SPDX-License-Identifier: MIT
#pragma once

namespace mia::proc {

// Readable (and never read) from the first signal that a guard sees until the next guard begins.
[[nodiscard]] int interrupt_fd();

}  // namespace mia::proc
