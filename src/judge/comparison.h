// SPDX-License-Identifier: MIT
// What a person is told of a paired comparison of B against A.
#pragma once

#include <string>

#include "judge/epoch_plan.h"
#include "record/comparison.h"

namespace mia::judge {

// Means of its epochs; zeros where it has none.
[[nodiscard]] EpochCosts costs_of(const record::Comparison& comparison);

// "B is slower than A: 3.1 % more time per token (+2.2 to +4.0 %), after 8 epochs".
[[nodiscard]] std::string sentence_of(const record::Comparison& comparison);
// "-2.1 to +0.3 %": the running interval for a progress line; "" while unknown.
[[nodiscard]] std::string interval_text(const record::StatisticResult& result);

}  // namespace mia::judge
