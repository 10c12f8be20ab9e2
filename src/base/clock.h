// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace mia {

// Nanoseconds of the steady clock: only differences mean something.
[[nodiscard]] inline std::int64_t steady_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

inline constexpr double kNsPerMs = 1e6;
inline constexpr double kNsPerS = 1e9;

// Wall clock as "2026-11-24T10:41:47Z".
[[nodiscard]] std::string utc_now();

}  // namespace mia
