// SPDX-License-Identifier: MIT
// How a process ended, in words.
#pragma once

#include <cstdint>
#include <string>

namespace mia {

// "SIGSEGV" by Linux' numbers, on every system: reports travel. "signal 42" for one without a name.
[[nodiscard]] std::string signal_name(std::int64_t number);

// "exit code 3"; of what Windows ends a process with, which is no code below 256: "0xC0000005, access violation".
[[nodiscard]] std::string exit_name(std::int64_t code);

}  // namespace mia
