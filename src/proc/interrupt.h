// SPDX-License-Identifier: MIT
#pragma once

namespace mia::proc {

// While one lives, the first SIGINT or SIGTERM only sets a flag and wakes a waiting Child; a second one kills all
// children and then this process by its default action. At most one at a time. The constructor clears the flag.
// Time that was set and is up does the same as a first signal.
class InterruptGuard {
 public:
  InterruptGuard();
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;

  // From now on; once at most.
  void end_in(double seconds);
};

// True once a guard saw a signal or its time was up; stays so after the guard is gone.
[[nodiscard]] bool interrupted();
// True where it was the time.
[[nodiscard]] bool out_of_time();

}  // namespace mia::proc
