// SPDX-License-Identifier: MIT
#include "stats/histogram.h"

#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include <gtest/gtest.h>

namespace mia::stats {
namespace {

std::int64_t total(const std::vector<Bucket>& buckets) {
  return std::accumulate(buckets.begin(), buckets.end(), std::int64_t{0},
                         [](std::int64_t sum, const Bucket& bucket) { return sum + bucket.count; });
}

TEST(Histogram, BoundsDoubleEveryFourBuckets) {
  const auto bounds = latency_bounds_ms();
  EXPECT_DOUBLE_EQ(bounds[0], 0.01);
  for (std::size_t i = 0; i + 5 < bounds.size(); ++i) {
    EXPECT_NEAR(bounds[i + 4] / bounds[i], 2, 1e-12) << i;
  }
  EXPECT_TRUE(std::isfinite(bounds.back()));
  EXPECT_GT(bounds.back(), 1e9);
}

TEST(Histogram, ABoundBelongsToItsOwnBucket) {
  const double bound = latency_bounds_ms()[10];
  const auto buckets = latency_histogram(std::vector<double>{bound, std::nextafter(bound, 1e9)});
  ASSERT_EQ(buckets.size(), 2U);
  EXPECT_EQ(buckets[0].upper_ms, bound);
  EXPECT_EQ(buckets[0].count, 1);
  EXPECT_EQ(buckets[1].count, 1);
}

TEST(Histogram, KeepsEmptyBucketsBetweenAndDropsThoseAround) {
  const auto bounds = latency_bounds_ms();
  const auto buckets = latency_histogram(std::vector<double>{bounds[3], bounds[7], bounds[7]});
  ASSERT_EQ(buckets.size(), 5U);
  EXPECT_EQ(buckets.front().count, 1);
  EXPECT_EQ(buckets[1].count, 0);
  EXPECT_EQ(buckets.back().count, 2);
}

TEST(Histogram, CountsEveryLatencyAndNoNonsense) {
  const double infinite = std::numeric_limits<double>::infinity();
  EXPECT_EQ(total(latency_histogram(std::vector<double>{0, 1e-9, 5, 1e8, 1e300})), 5);
  EXPECT_TRUE(latency_histogram(std::vector<double>{-1, std::nan(""), infinite}).empty());
  EXPECT_TRUE(latency_histogram({}).empty());
}

}  // namespace
}  // namespace mia::stats
