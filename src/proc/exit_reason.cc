// SPDX-License-Identifier: MIT
#include "proc/exit_reason.h"

#include <cstring>

#include <fmt/format.h>

namespace mia::proc {

std::string signal_name(int signal) {
  const char* const name = ::sigabbrev_np(signal);
  return name != nullptr ? fmt::format("SIG{}", name) : fmt::format("signal {}", signal);
}

std::string describe(const ExitReason& reason) {
  return reason.signal ? "killed by " + signal_name(*reason.signal)
                       : fmt::format("exited with code {}", reason.exit_code.value_or(-1));
}

}  // namespace mia::proc
