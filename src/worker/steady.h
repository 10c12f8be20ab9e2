// SPDX-License-Identifier: MIT
// When warm-up has done its work: the medians of the inter-token intervals of the last three runs lie within 2 %.
#pragma once

#include <cstdint>
#include <span>

#include "record/trial.h"

namespace mia::worker {

inline constexpr double kSteadySpread = 0.02;
inline constexpr std::int64_t kWarmUpLimitNs = 20'000'000'000;

// False with fewer than three runs. A run of one token counts by its whole duration.
[[nodiscard]] bool is_steady(std::span<const record::Run> runs);

// Whether to stop after these runs: steady, `max_runs` done, or two runs done that together took 20 s of their own
// clock (which is the script's clock in the fake worker).
[[nodiscard]] bool warm_up_done(std::span<const record::Run> runs, std::int64_t max_runs);

}  // namespace mia::worker
