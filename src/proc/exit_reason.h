// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>

namespace mia::proc {

// How a process ended: exactly one of the two is set.
struct ExitReason {
  std::optional<int> exit_code;
  std::optional<int> signal;
};

// "SIGSEGV", "signal 42" for one without a name.
[[nodiscard]] std::string signal_name(int signal);
// "exited with code 3", "killed by SIGSEGV".
[[nodiscard]] std::string describe(const ExitReason& reason);

}  // namespace mia::proc
