// SPDX-License-Identifier: MIT
// Looking several times at growing data without raising the error rate: alpha spending (Lan, DeMets 1983). A look at
// the share t of the planned information may spend what the spending function allows up to t; boundaries follow by
// recursive integration of the not-yet-stopped density (Armitage, McPherson, Rowe 1969).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace mia::stats {

enum class Spending {
  power_1_5,  // alpha t^1.5 (Kim, DeMets 1987): difference
  pocock,     // alpha ln(1 + (e - 1) t): equivalence
};
enum class Sides { one, two };

[[nodiscard]] double spent_alpha(Spending spending, double alpha, double t);

// Nominal p of each look, so that the chance to fall below any of them is alpha at t = 1. `information` is strictly
// increasing within (0, 1]; empty gives empty. For two sides p is two-sided.
[[nodiscard]] std::vector<double> nominal_p(std::span<const double> information, double alpha, Spending spending,
                                            Sides sides);

// The numbers of epochs at which the test looks: {5, 8, 11, 15, 20} for at most 20, the same shares of another maximum,
// never below 5; just {max_epochs} for 5 or fewer.
[[nodiscard]] std::vector<std::int64_t> look_epochs(std::int64_t max_epochs);

}  // namespace mia::stats
