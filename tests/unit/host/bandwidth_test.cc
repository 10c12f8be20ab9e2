// SPDX-License-Identifier: MIT
#include "host/bandwidth.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

#include "host/bandwidth_kernel.h"
#include "host/page_cache.h"
#include "temp_tree.h"

namespace mia::host {
namespace {

struct Free {
  void operator()(std::byte* data) const { std::free(data); }  // NOLINT: aligned_alloc's counterpart
};

class Kernels : public ::testing::Test {
 protected:
  static constexpr std::size_t kBytes = 16 * kReadBlock;
  Kernels() : data_(static_cast<std::byte*>(std::aligned_alloc(64, kBytes))) { std::memset(data_.get(), 0, kBytes); }

  std::unique_ptr<std::byte, Free> data_;
};

TEST_F(Kernels, EveryBitOfEveryWordReachesTheResult) {
  for (const ReadKernel& kernel : read_kernels()) {
    EXPECT_EQ(kernel.read(data_.get(), kBytes), 0U) << kernel.name;
    for (std::size_t at = 0; at < kBytes; ++at) {
      data_.get()[at] = std::byte{0x80};
      const std::uint64_t expected = std::uint64_t{0x80} << (at % 8 * 8);
      ASSERT_EQ(kernel.read(data_.get(), kBytes), expected) << kernel.name << " byte " << at;
      data_.get()[at] = std::byte{0};
    }
  }
}

TEST_F(Kernels, ReadNoByteMoreThanAsked) {
  for (const ReadKernel& kernel : read_kernels()) {
    std::memset(data_.get(), 0xff, kBytes);
    std::memset(data_.get(), 0, kReadBlock);
    EXPECT_EQ(kernel.read(data_.get(), kReadBlock), 0U) << kernel.name;
  }
}

TEST(ReadKernels, ThePlainOneIsAlwaysThere) {
  EXPECT_EQ(read_kernels().back().name, "plain");
}

TEST(ReadBandwidth, SaysWhatItDid) {
  constexpr std::int64_t kBytes = 8 << 20U;
  const Bandwidth bandwidth = read_bandwidth(2, kBytes, 0);
  EXPECT_EQ(bandwidth.threads, 2);
  EXPECT_EQ(bandwidth.bytes, 2 * kBytes);
  EXPECT_GE(bandwidth.passes, 3);
  EXPECT_GT(bandwidth.median_gb_s, 0);
  EXPECT_GE(bandwidth.gb_s, bandwidth.median_gb_s);
  EXPECT_TRUE(std::ranges::any_of(read_kernels(), [&](const auto& k) { return k.name == bandwidth.kernel; }));
}

TEST(ReadBandwidth, MemoryThatCannotBeHadIsNoNumber) {
  const Bandwidth bandwidth = read_bandwidth(1, 0, 0.01);
  EXPECT_EQ(bandwidth.gb_s, 0);
  EXPECT_EQ(bandwidth.passes, 0);
  EXPECT_TRUE(bandwidth.kernel.empty());
}

TEST(ReadBandwidth, EndsWhenItIsNotWantedAnyMore) {
  constexpr double kForever = 1e6;
  int asked = 0;
  const Stop third_time = [&] { return ++asked > 2; };
  EXPECT_EQ(read_bandwidth(1, 8 << 20U, kForever, third_time).passes, 0);
  EXPECT_EQ(asked, 3);
  EXPECT_TRUE(
      measure_roofline({.max_threads = 2, .seconds_each = kForever, .stop = [] { return true; }}).by_threads.empty());
}

TEST(Canary, GivesNoReadingWhenItIsNotWantedAnyMore) {
  bool stopped = false;
  Canary canary(1, 8 << 20U, [&] { return stopped; });
  EXPECT_TRUE(canary.measure_gb_s(1));
  stopped = true;
  EXPECT_FALSE(canary.measure_gb_s(1));
}

TEST(ReadBandwidth, TheBufferIsAboveEveryCache) {
  EXPECT_GE(memory_buffer_bytes(), 64 << 20U);
  EXPECT_LE(memory_buffer_bytes(), 1 << 30U);
}

TEST(CanaryTest, ReadsWithUpToItsThreads) {
  constexpr std::int64_t kBytes = 4 << 20U;
  Canary canary(2, kBytes);
  EXPECT_EQ(canary.bytes(), kBytes);
  for (const int threads : {1, 2, 99, 0}) {
    const auto reading = canary.measure_gb_s(threads);
    ASSERT_TRUE(reading) << threads;
    EXPECT_GT(*reading, 0);
  }
}

TEST(CanaryTest, WithoutMemoryThereIsNoReading) {
  Canary canary(1, std::int64_t{1} << 60U);
  EXPECT_EQ(canary.bytes(), 0);
  EXPECT_FALSE(canary.measure_gb_s(1));
}

TEST(ReadFileRate, ReadsOrSaysWhyNot) {
  const TempTree tree;
  constexpr std::int64_t kBytes = std::int64_t{9} << 20U;
  const auto big = tree.put("big", std::string(kBytes, 'x'));
  const auto all = read_file_rate({big}, 10);
  ASSERT_TRUE(all);
  EXPECT_EQ(all->bytes, kBytes);
  EXPECT_GT(all->b_s, 0);
  EXPECT_EQ(read_file_rate({big}, 10, kBytes - 1)->bytes, kBytes - 1);
  const auto together = read_file_rate({big}, 10, kBytes - 1, 4);
  ASSERT_TRUE(together);
  EXPECT_EQ(together->bytes, kBytes - 1) << "readers that take turns read each byte once";
  EXPECT_EQ(read_file_rate({big}, 10, kBytes, 2, kBytes - 5)->bytes, 5) << "from there to the end";
  EXPECT_FALSE(read_file_rate({big}, 10, kBytes, 2, kBytes));
  const auto second = tree.put("second", std::string(1000, 'y'));
  EXPECT_EQ(read_file_rate({big, second}, 10)->bytes, kBytes + 1000) << "one behind the other";
  EXPECT_EQ(read_file_rate({big, second}, 10, kBytes, 2, kBytes - 5)->bytes, 1005) << "across their border";
  EXPECT_EQ(read_file_rate({tree.put("empty", "")}, 1).error().kind, ErrorKind::io);
  EXPECT_EQ(read_file_rate({"no-such"}, 1).error().kind, ErrorKind::not_found);
  EXPECT_FALSE(read_file_rate({tree.root()}, 1));
}

// A file that fell out of the cache is read from the disk first and from memory then.
TEST(FileRatesTest, ColdOnlyWhereTheCacheCanBeEmptied) {
  const TempTree tree;
  const auto big = tree.put("big", std::string(std::size_t{9} << 20U, 'x'));
  const FileRates rates = file_rates({big});
  EXPECT_EQ(rates.cold_b_s.has_value(), can_evict(tree.root()));
  EXPECT_GT(rates.cached_b_s.value_or(0), 0);
  EXPECT_FALSE(file_rates({big}, [] { return true; }).cached_b_s) << "stopped before it knew";
  const FileRates none = file_rates({"no-such"});
  EXPECT_FALSE(none.cold_b_s);
  EXPECT_FALSE(none.cached_b_s);
}

TEST(MeasureRoofline, DoublesTheThreadsAndEndsAtTheMost) {
  const Roofline roofline = measure_roofline({.max_threads = 3, .seconds_each = 0, .stop = {}});
  ASSERT_EQ(roofline.by_threads.size(), 3U);
  EXPECT_EQ(roofline.by_threads[0].threads, 1);
  EXPECT_EQ(roofline.by_threads[1].threads, 2);
  EXPECT_EQ(roofline.by_threads[2].threads, 3);
  EXPECT_EQ(roofline.per_thread_gb_s, roofline.by_threads[0].gb_s);
  const auto best = std::ranges::max(roofline.by_threads, {}, &Bandwidth::gb_s).gb_s;
  EXPECT_EQ(roofline.saturated_gb_s, best);
}

TEST(MeasureRoofline, AddsTheThreadsOfARun) {
  const Roofline roofline = measure_roofline({.max_threads = 4, .seconds_each = 0, .also = 3, .stop = {}});
  std::vector<int> threads;
  for (const Bandwidth& bandwidth : roofline.by_threads) {
    threads.push_back(bandwidth.threads);
  }
  EXPECT_EQ(threads, (std::vector<int>{1, 2, 3, 4}));
  EXPECT_EQ(measure_roofline({.max_threads = 2, .seconds_each = 0, .also = 99, .stop = {}}).by_threads.size(), 2U);
}

TEST(DecodeLimit, IsBandwidthOverBytes) {
  EXPECT_DOUBLE_EQ(decode_limit_tok_s(100'000'000, 0, 20).value_or(0), 200);
  EXPECT_DOUBLE_EQ(decode_limit_tok_s(100'000'000, 100'000'000, 20).value_or(0), 100);
  EXPECT_FALSE(decode_limit_tok_s(0, 0, 20));
  EXPECT_FALSE(decode_limit_tok_s(1, -1, 20));
  EXPECT_FALSE(decode_limit_tok_s(1, 0, 0));
}

}  // namespace
}  // namespace mia::host
