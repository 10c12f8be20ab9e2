// SPDX-License-Identifier: MIT
// How other tools decide, so that their rules can be tried on the traces that ours is validated on. Samples are times:
// more is slower. Each says what a user of that tool would conclude of B against A; a sample too small for the rule
// gives `none`.
#pragma once

#include <optional>
#include <span>
#include <string_view>

namespace mia::stats {

enum class Claim { none, faster, slower };

// llama-bench: mean ± standard deviation of both do not touch.
[[nodiscard]] Claim disjoint_deviations(std::span<const double> a, std::span<const double> b);
// hyperfine's summary: the ratio of the means, ± by error propagation, excludes 1.
[[nodiscard]] Claim ratio_excludes_one(std::span<const double> a, std::span<const double> b);
// hyperfine's and pyperf's test: Welch's t at `alpha`.
[[nodiscard]] Claim welch_claim(std::span<const double> a, std::span<const double> b, double alpha = 0.05);
// Google Benchmark's and benchstat's test: Mann-Whitney U, two-sided, at `alpha`.
[[nodiscard]] Claim rank_claim(std::span<const double> a, std::span<const double> b, double alpha = 0.05);

// Two-sided p of Mann-Whitney's U: exact for up to 20 values an arm without ties, else the normal approximation with
// corrections for ties and continuity. nullopt when an arm is empty.
[[nodiscard]] std::optional<double> mann_whitney_p(std::span<const double> a, std::span<const double> b);

}  // namespace mia::stats
