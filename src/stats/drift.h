// SPDX-License-Identifier: MIT
// How much of what differs is the machine's drift along the session and not the settings.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace mia::stats {

struct PlacedValue {
  std::int64_t group = 0;  // cell: its own level is not drift
  double position = 0;     // place in the session's order
  double value = 0;        // e.g. ln of a time
};

// A straight line over the position, fitted to what varies within groups.
struct Drift {
  double share = 0;  // of that variance, corrected for chance (adjusted R squared, at least 0)
  double p = 1;      // t test of the slope, two-sided: a few values follow a line by chance
};
// nullopt with fewer than 3 values more than groups, without variance, or when positions do not vary within groups.
[[nodiscard]] std::optional<Drift> drift(std::span<const PlacedValue> values);

// Least-squares slope of y over x with its standard error. nullopt below 3 points, for unequal lengths or constant x.
struct Slope {
  double value = 0;
  double standard_error = 0;
};
[[nodiscard]] std::optional<Slope> slope(std::span<const double> x, std::span<const double> y);

// Ljung-Box: p that autocorrelations of lags 1..lags are all zero. nullopt unless 1 <= lags < n and values vary.
[[nodiscard]] std::optional<double> ljung_box_p(std::span<const double> values, std::int64_t lags);

}  // namespace mia::stats
