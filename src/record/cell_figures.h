// SPDX-License-Identifier: MIT
// Figures of a cell that its trials tell and no metric has.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "record/report.h"

namespace mia::record {

// Decode speed over the depth of the context: 16 equal shares of the tokens, each the median interval over the measured
// runs. Empty where a run has fewer than 4 intervals a share.
struct DecodeCurve {
  std::vector<double> tok_s;
  std::vector<std::int64_t> depth;  // tokens in the context at the end of each share
};
[[nodiscard]] DecodeCurve decode_curve(const Report& report, const CellReport& cell);

// Median over those trials that ended well of something that their conditions tell.
[[nodiscard]] std::optional<double> median_condition(std::span<const Trial* const> trials,
                                                     std::optional<double> (*of)(const Conditions&));

}  // namespace mia::record
