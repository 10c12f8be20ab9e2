// SPDX-License-Identifier: MIT
#pragma once

namespace mia::proc {

// While one lives, the first SIGINT or SIGTERM only sets a flag and wakes a waiting Child; a second one kills all
// children and then this process by its default action. At most one at a time. The constructor clears the flag.
class InterruptGuard {
 public:
  InterruptGuard();
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;
};

// True once a guard saw a signal; stays so after the guard is gone.
[[nodiscard]] bool interrupted();

}  // namespace mia::proc
