// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/clock.h"

namespace mia::worker {

enum class Step { token, end_of_text, failed };

// The timed loop of every provider: calls next() up to `count` times and stamps each token, in nanoseconds since
// `begin`. Between two tokens nothing of ours runs but the clock and one store into memory that was touched before.
// `next` returns when the token is really there (synchronized).
template <class Next>
Step measure_tokens(std::int64_t begin, std::int64_t count, std::vector<std::int64_t>& stamps, Next next) {
  for (std::int64_t i = 0; i < count; ++i) {
    const Step step = next();
    if (step != Step::token) {
      return step;
    }
    stamps.push_back(steady_ns() - begin);
  }
  return Step::token;
}

// Room for `count` stamps whose pages exist already, so that the loop neither allocates nor faults.
[[nodiscard]] inline std::vector<std::int64_t> touched_stamps(std::int64_t count) {
  std::vector<std::int64_t> stamps(static_cast<std::size_t>(count), -1);
  stamps.clear();
  return stamps;
}

}  // namespace mia::worker
