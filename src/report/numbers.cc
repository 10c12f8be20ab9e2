// SPDX-License-Identifier: MIT
#include "report/numbers.h"

#include <cmath>

#include <fmt/core.h>

namespace mia::report {
namespace {

constexpr double kBytesPerMiB = 1024.0 * 1024.0;
// Above this a fixed notation would be longer than any table.
constexpr double kLargest = 1e15;

}  // namespace

MetricStyle style_of(const record::Metric& metric) {
  if (metric.unit == "bytes") {
    return {fmt::format("{} (MiB)", metric.heading), {1, 1 / kBytesPerMiB, false}};
  }
  const bool named = metric.unit.empty() || metric.heading.find(metric.unit) != std::string_view::npos;
  return {named ? std::string(metric.heading) : fmt::format("{} ({})", metric.heading, metric.unit),
          {metric.digits, 1, false}};
}

std::string format_number(double value, NumberStyle style) {
  const double shown = value * style.scale;
  if (!std::isfinite(shown)) {
    return std::string(kDash);
  }
  if (std::abs(shown) >= kLargest) {
    return fmt::format("{:.4g}", shown);
  }
  std::string text = fmt::format("{:.{}f}", std::abs(shown), style.digits);
  const bool zero = text.find_first_not_of("0.") == std::string::npos;
  if (shown < 0 && !zero) {
    return "-" + text;
  }
  return style.sign && !zero ? "+" + text : text;
}

std::string format_number(std::optional<double> value, NumberStyle style) {
  return value ? format_number(*value, style) : std::string(kDash);
}

std::string describe_interval(const record::Summary& summary, NumberStyle style) {
  if (!summary.value || !std::isfinite(*summary.value)) {
    return std::string(kDash);
  }
  std::string text = format_number(*summary.value, style);
  if (summary.low && summary.high) {
    return fmt::format("{} [{}, {}]", text, format_number(*summary.low, style), format_number(*summary.high, style));
  }
  return summary.n > 0 ? fmt::format("{} (n={})", text, summary.n) : text;
}

std::string describe_interval(const record::Summary& summary, std::string_view metric) {
  const record::Metric* const row = record::find_metric(metric);
  return describe_interval(summary, row == nullptr ? NumberStyle{} : style_of(*row).number);
}

}  // namespace mia::report
