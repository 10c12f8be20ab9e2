// SPDX-License-Identifier: MIT
#include "base/signal.h"

#include <algorithm>
#include <array>
#include <string_view>

#include <fmt/format.h>

namespace mia {

std::string signal_name(std::int64_t number) {
  static constexpr std::array<std::string_view, 32> kNames = {
      "",     "HUP",  "INT",  "QUIT", "ILL",    "TRAP",   "ABRT",  "BUS",  "FPE",  "KILL", "USR1",
      "SEGV", "USR2", "PIPE", "ALRM", "TERM",   "STKFLT", "CHLD",  "CONT", "STOP", "TSTP", "TTIN",
      "TTOU", "URG",  "XCPU", "XFSZ", "VTALRM", "PROF",   "WINCH", "POLL", "PWR",  "SYS"};
  return number > 0 && number < std::ssize(kNames) ? fmt::format("SIG{}", kNames[static_cast<std::size_t>(number)])
                                                   : fmt::format("signal {}", number);
}

std::string exit_name(std::int64_t code) {
  struct Known {
    std::uint32_t status;
    std::string_view words;
  };
  // learn.microsoft.com/openspecs/windows_protocols/ms-erref; the last is what MSVC throws its exceptions by
  static constexpr auto kKnown = std::to_array<Known>({{0xC0000005, "access violation"},
                                                       {0xC0000017, "out of memory"},
                                                       {0xC000001D, "an instruction that this CPU lacks"},
                                                       {0xC000007B, "a library of another architecture"},
                                                       {0xC00000FD, "stack overflow"},
                                                       {0xC0000135, "a DLL is missing"},
                                                       {0xC000013A, "Ctrl-C"},
                                                       {0xC0000409, "abort"},
                                                       {0xE06D7363, "a C++ exception that nobody caught"}});
  const auto status = static_cast<std::uint32_t>(code);
  if (status < kKnown.front().status) {
    return fmt::format("exit code {}", code);
  }
  const auto* const at = std::ranges::find(kKnown, status, &Known::status);
  return fmt::format("0x{:08X}{}{}", status, at != kKnown.end() ? ", " : "",
                     at != kKnown.end() ? at->words : std::string_view());
}

}  // namespace mia
