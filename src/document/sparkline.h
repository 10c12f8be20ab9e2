// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <string>

namespace mia::document {

// One character per value from the least (▁) to the most (█); all equal gives ▄; not finite gives a space.
[[nodiscard]] std::string sparkline(std::span<const double> values);

// A horizontal bar of `value` as a share of `most`, at most `width` columns, in eighths.
[[nodiscard]] std::string bar(double value, double most, int width);

}  // namespace mia::document
