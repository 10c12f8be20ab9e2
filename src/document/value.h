// SPDX-License-Identifier: MIT
// Values for people, the same in every format: decimals from the metric table, medians with their interval, a dash
// where nothing is known.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "document/document.h"
#include "record/metrics.h"

namespace mia::document {

inline constexpr std::string_view kDash = "–";

// How a metric is shown: bytes as MiB, everything else in its own unit.
struct MetricStyle {
  std::string heading;  // "load (ms)"
  NumberStyle number;
};
[[nodiscard]] MetricStyle style_of(const record::Metric& metric);

[[nodiscard]] Number number(std::optional<double> value, NumberStyle style = {}, std::string null_reason = "");
[[nodiscard]] Number bytes(std::optional<std::int64_t> count);
[[nodiscard]] Number seconds(std::optional<double> value);

// "–" for nullopt and for what is not finite.
[[nodiscard]] std::string format_number(std::optional<double> value, NumberStyle style);

// "41.2 [40.8, 41.9]"; "41.2 (n=2)" where there are too few trials for an interval; "–" where nothing is known.
[[nodiscard]] std::string describe_interval(const record::Summary& summary, NumberStyle style);

[[nodiscard]] std::string to_text(const Value& value);

// "load (ms)"; the unit is not said twice.
[[nodiscard]] std::string heading_of(const Column& column);

// What a renderer prints of a table: the columns with a heading, without those that are empty in every row for no
// reason. Texts are not escaped.
struct Grid {
  std::vector<std::string> headings;
  std::vector<bool> left;  // per column
  std::vector<std::vector<std::string>> rows;
  std::vector<std::vector<const Link*>> links = {};  // of the table's places, nullptr where they lead nowhere
};
[[nodiscard]] Grid grid_of(const Table& table);
// Its table, else its points; bars are drawn in `width` columns.
[[nodiscard]] Grid grid_of(const Chart& chart, int width);

// "load (ms): the trial crashed" for each shown place that is null for a reason which its row does not tell; what
// `told` holds is left out and what is returned is added.
[[nodiscard]] std::vector<std::string> null_notes(const Table& table, std::set<std::string>& told);

}  // namespace mia::document
