// SPDX-License-Identifier: MIT
// Error rates are proportions: exact bounds for them, and a test that p-values are uniform.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "stats/summary.h"

namespace mia::stats {

// Clopper-Pearson interval of `hits` in `trials`; exact, so never too narrow. nullopt unless 0 <= hits <= trials and
// trials > 0. level is the two-sided coverage.
[[nodiscard]] std::optional<Interval> proportion_interval(std::int64_t hits, std::int64_t trials, double level);

// Kolmogorov-Smirnov: p that the values come from the uniform distribution on [0, 1] (asymptotic with Stephens'
// correction). nullopt when empty.
[[nodiscard]] std::optional<double> uniform_p(std::span<const double> values);

}  // namespace mia::stats
