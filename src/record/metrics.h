// SPDX-License-Identifier: MIT
// The one table of metrics: reports, tables, columns, documentation and judgement read its rows. Definitions follow the
// seed (gen_latency_s, tokens_per_s, floor-index percentiles) and docs/methodology.md.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "record/trial.h"

namespace mia::record {

enum class Better { lower, higher, neither };

struct Metric {
  std::string_view name;     // JSON key and SQL name, ends in its unit
  std::string_view heading;  // short column heading
  std::string_view unit;
  std::string_view doc;
  Better better;
  int digits;  // decimals for people
  // Of one trial: from its phases, or the median over its measured runs. nullopt when unknown.
  std::optional<double> (*of)(const Trial&);
};

[[nodiscard]] std::span<const Metric> metrics();
[[nodiscard]] const Metric* find_metric(std::string_view name);
// The name of the metric that tables call so ("decode", "TTFT"); else `text` itself.
[[nodiscard]] std::string metric_name(std::string_view text);

// Of one run.
[[nodiscard]] double gen_latency_s(const Run& run);                // request to last token, prefill included
[[nodiscard]] std::optional<double> tokens_per_s(const Run& run);  // tokens_out / gen_latency_s
[[nodiscard]] std::optional<double> ttft_ms(const Run& run);
[[nodiscard]] std::optional<double> prefill_tok_s(const Run& run);
[[nodiscard]] std::optional<double> decode_tok_s(const Run& run);       // tokens after the first ÷ their time
[[nodiscard]] std::vector<double> decode_intervals_ms(const Run& run);  // sample_count = tokens_out - 1
// Mean of the fastest quarter of the intervals ("speed" of statistics.md §8a); nullopt under 4 intervals.
[[nodiscard]] std::optional<double> fast_quarter_ms(const Run& run);
// Measured runs of a trial (warm-up left out).
[[nodiscard]] std::vector<const Run*> measured(const Trial& trial);

}  // namespace mia::record
