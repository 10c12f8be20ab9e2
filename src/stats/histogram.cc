// SPDX-License-Identifier: MIT
#include "stats/histogram.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>

namespace mia::stats {
namespace {

constexpr double kLeastMs = 0.01;
constexpr std::size_t kPerOctave = 4;
constexpr std::size_t kOctaves = 27;
constexpr double kRestMs = 1e12;  // finite, because JSON has no infinity

using Bounds = std::array<double, kPerOctave * kOctaves + 2>;

Bounds make_bounds() {
  Bounds bounds{};
  for (std::size_t i = 0; i + 1 < bounds.size(); ++i) {
    bounds[i] = kLeastMs * std::exp2(static_cast<double>(i) / static_cast<double>(kPerOctave));
  }
  bounds.back() = kRestMs;
  return bounds;
}

}  // namespace

std::span<const double> latency_bounds_ms() {
  static const Bounds kBounds = make_bounds();
  return kBounds;
}

std::vector<Bucket> latency_histogram(std::span<const double> values_ms) {
  const std::span<const double> bounds = latency_bounds_ms();
  std::vector<Bucket> buckets;
  for (const double bound : bounds) {
    buckets.push_back({bound, 0});
  }
  for (const double value : values_ms) {
    if (std::isfinite(value) && value >= 0) {
      const auto at = std::ranges::lower_bound(bounds, std::min(value, bounds.back()));
      ++buckets[static_cast<std::size_t>(at - bounds.begin())].count;
    }
  }
  const auto holds = [](const Bucket& bucket) { return bucket.count > 0; };
  const auto first = std::ranges::find_if(buckets, holds);
  const auto last = std::find_if(buckets.rbegin(), buckets.rend(), holds).base();
  return first == buckets.end() ? std::vector<Bucket>{} : std::vector<Bucket>(first, last);
}

}  // namespace mia::stats
