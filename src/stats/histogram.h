// SPDX-License-Identifier: MIT
// Fixed logarithmic buckets for latencies, so that histograms of different runs can be added and compared.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace mia::stats {

// Upper bounds in ms, ascending: four to an octave from 0.01 ms to 22 minutes, then one for everything above.
[[nodiscard]] std::span<const double> latency_bounds_ms();

struct Bucket {
  double upper_ms = 0;  // values <= upper_ms and above the bound before
  std::int64_t count = 0;
};
// From the first to the last bucket that holds a value, empty ones between them included; empty for no values. Values
// that are negative or not finite are left out.
[[nodiscard]] std::vector<Bucket> latency_histogram(std::span<const double> values_ms);

}  // namespace mia::stats
