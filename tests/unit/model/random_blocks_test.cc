// SPDX-License-Identifier: MIT
#include "model/random_blocks.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "model/types.h"
#include "reference_dequantize.h"

namespace mia::model {
namespace {

struct Moments {
  std::size_t count = 0;
  double mean = 0;
  double rms = 0;
  double largest = 0;
  bool finite = true;
};

Moments moments(std::uint32_t id, std::span<const std::byte> bytes) {
  const auto block = static_cast<std::size_t>(find_type(id)->block_bytes);
  Moments m;
  for (std::size_t at = 0; at < bytes.size(); at += block) {
    for (const double weight : test::dequantize(id, bytes.subspan(at, block))) {
      ++m.count;
      m.mean += weight;
      m.rms += weight * weight;
      m.largest = std::max(m.largest, std::abs(weight));
      m.finite = m.finite && std::isfinite(weight);
    }
  }
  m.mean /= static_cast<double>(m.count);
  m.rms = std::sqrt(m.rms / static_cast<double>(m.count));
  return m;
}

std::vector<std::byte> filled(std::uint32_t id, double spread, std::uint64_t key, std::size_t blocks) {
  std::vector<std::byte> bytes(blocks * static_cast<std::size_t>(find_type(id)->block_bytes));
  fill_random(id, spread, key, bytes);
  return bytes;
}

class RandomBlocks : public ::testing::TestWithParam<std::uint32_t> {
 protected:
  std::size_t blocks_ = static_cast<std::size_t>(65536 / find_type(GetParam())->block);
};

// Over seeds and over the spreads of all row lengths in use.
TEST_P(RandomBlocks, WeightsAreFiniteBoundedAndCentred) {
  for (std::uint64_t key = 1; key <= 8; ++key) {
    for (const double spread : {1.0, 0.088, 0.0186, 0.0083}) {
      SCOPED_TRACE(testing::Message() << "key " << key << " spread " << spread);
      const Moments m = moments(GetParam(), filled(GetParam(), spread, key, blocks_));
      ASSERT_EQ(m.count, 65536U);
      ASSERT_TRUE(m.finite);
      EXPECT_GT(m.rms, spread / 2);
      EXPECT_LT(m.rms, spread * 2);
      EXPECT_LT(m.largest, spread * 8);
      // Five standard errors, twice that for weights that share a scale.
      EXPECT_LT(std::abs(m.mean), m.rms * 10 / std::sqrt(65536.0));
    }
  }
}

TEST_P(RandomBlocks, EqualKeysGiveEqualBytesAndOthersDoNot) {
  const std::vector<std::byte> one = filled(GetParam(), 0.02, 7, 64);
  EXPECT_EQ(one, filled(GetParam(), 0.02, 7, 64));
  EXPECT_NE(one, filled(GetParam(), 0.02, 8, 64));
}

// A prefix does not depend on how much follows.
TEST_P(RandomBlocks, LongerFillsBeginAlike) {
  const std::vector<std::byte> few = filled(GetParam(), 0.02, 7, 32);
  const std::vector<std::byte> many = filled(GetParam(), 0.02, 7, 100);
  EXPECT_TRUE(std::equal(few.begin(), few.end(), many.begin()));
}

// Blocks are not copies of each other.
TEST_P(RandomBlocks, BlocksDiffer) {
  const std::vector<std::byte> bytes = filled(GetParam(), 0.02, 3, 2);
  const auto half = static_cast<std::ptrdiff_t>(bytes.size() / 2);
  EXPECT_FALSE(std::equal(bytes.begin(), bytes.begin() + half, bytes.begin() + half));
}

// 10, 11, 20, 23: Q2_K, Q3_K, IQ4_NL, IQ4_XS, which only copies of other files have.
INSTANTIATE_TEST_SUITE_P(Types, RandomBlocks,
                         ::testing::Values(kF32, kF16, kBF16, kQ4_0, kQ4_1, kQ5_0, kQ5_1, kQ8_0, kQ4_K, kQ5_K, kQ6_K,
                                           kMXFP4, 10U, 11U, 20U, 23U),
                         [](const auto& p) { return std::string(find_type(p.param)->name); });

TEST(RandomBlocksLimits, ExtremeSpreadsStayFinite) {
  for (const std::uint32_t id : {kF16, kQ4_0, kQ8_0, kQ6_K, kMXFP4, kBF16}) {
    for (const double spread : {1e-6, 1e6}) {
      const std::size_t blocks = 256;
      const Moments m = moments(id, filled(id, spread, 1, blocks));
      EXPECT_TRUE(m.finite) << id << " " << spread;
      EXPECT_EQ(m.rms > 1, spread > 1) << id << " " << m.rms;
    }
  }
}

TEST(RandomBlocksLimits, Ones) {
  for (const std::uint32_t id : {kF32, kF16, kBF16}) {
    const auto size = static_cast<std::size_t>(find_type(id)->block_bytes);
    std::vector<std::byte> bytes(size * 7);
    fill_ones(id, bytes);
    for (std::size_t at = 0; at < bytes.size(); at += size) {
      EXPECT_EQ(test::dequantize(id, std::span(bytes).subspan(at, size)).front(), 1.0);
    }
  }
}

// What can be filled is what is tested above.
TEST(RandomBlocksLimits, UnknownTypesAreNamedAsSuch) {
  for (const TensorType& type : tensor_types()) {
    const std::vector<std::byte> block(static_cast<std::size_t>(type.block_bytes));
    EXPECT_EQ(can_fill(type.id), !test::dequantize(type.id, block).empty()) << type.name;
  }
  EXPECT_FALSE(can_fill(16));
  EXPECT_FALSE(can_fill(27));
  EXPECT_TRUE(can_fill(kMXFP4));
}

}  // namespace
}  // namespace mia::model
