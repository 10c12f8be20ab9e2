// SPDX-License-Identifier: MIT
// Numbers for people, the same in every format: decimals from the metric table, medians with their interval, a dash
// where nothing is known.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "record/metrics.h"
#include "record/report.h"

namespace mia::report {

inline constexpr std::string_view kDash = "–";

struct NumberStyle {
  int digits = 2;
  double scale = 1;   // shown = value * scale
  bool sign = false;  // "+2.0"
};

// How a metric is shown: bytes as MiB, everything else in its own unit.
struct MetricStyle {
  std::string heading;  // "load (ms)"
  NumberStyle number;
};
[[nodiscard]] MetricStyle style_of(const record::Metric& metric);

[[nodiscard]] std::string format_number(double value, NumberStyle style);
// "–" for nullopt and for what is not finite.
[[nodiscard]] std::string format_number(std::optional<double> value, NumberStyle style);

// "41.2 [40.8, 41.9]"; "41.2 (n=2)" where there are too few trials for an interval; "–" where nothing is known.
[[nodiscard]] std::string describe_interval(const record::Summary& summary, NumberStyle style);
// With the style of the metric's row; two decimals when the table does not know the name.
[[nodiscard]] std::string describe_interval(const record::Summary& summary, std::string_view metric);

}  // namespace mia::report
