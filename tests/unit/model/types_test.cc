// SPDX-License-Identifier: MIT
#include "model/types.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <set>

namespace mia::model {
namespace {

// Bits per weight as llama.cpp's documentation prints them.
TEST(Types, BitsPerWeight) {
  const auto bits = [](std::string_view name) {
    const auto type = std::ranges::find(tensor_types(), name, &TensorType::name);
    return type == tensor_types().end()
               ? 0.0
               : 8.0 * static_cast<double>(type->block_bytes) / static_cast<double>(type->block);
  };
  EXPECT_EQ(bits("F32"), 32);
  EXPECT_EQ(bits("BF16"), 16);
  EXPECT_EQ(bits("Q8_0"), 8.5);
  EXPECT_EQ(bits("Q4_0"), 4.5);
  EXPECT_EQ(bits("Q4_1"), 5);
  EXPECT_EQ(bits("Q5_0"), 5.5);
  EXPECT_EQ(bits("Q2_K"), 2.625);
  EXPECT_EQ(bits("Q3_K"), 3.4375);
  EXPECT_EQ(bits("Q4_K"), 4.5);
  EXPECT_EQ(bits("Q5_K"), 5.5);
  EXPECT_EQ(bits("Q6_K"), 6.5625);
  EXPECT_EQ(bits("MXFP4"), 4.25);
  EXPECT_EQ(bits("IQ4_XS"), 4.25);
  EXPECT_EQ(bits("IQ1_M"), 1.75);
}

TEST(Types, IdsAreUniqueAndRemovedOnesUnknown) {
  std::set<std::uint32_t> ids;
  std::set<std::string_view> names;
  for (const TensorType& type : tensor_types()) {
    EXPECT_TRUE(ids.insert(type.id).second) << type.id;
    EXPECT_TRUE(names.insert(type.name).second) << type.name;
  }
  for (const std::uint32_t removed : {4U, 5U, 31U, 33U, 36U, 38U, 1000U}) {
    EXPECT_EQ(find_type(removed), nullptr) << removed;
  }
  EXPECT_EQ(find_type(39)->name, "MXFP4");
}

TEST(Types, RowsAreWholeBlocksAndDoNotOverflow) {
  EXPECT_EQ(row_bytes(*find_type(kQ4_K), 4096), 2304);
  EXPECT_EQ(row_bytes(*find_type(kQ4_K), 2880), std::nullopt);
  EXPECT_EQ(row_bytes(*find_type(kF32), -1), std::nullopt);
  EXPECT_EQ(row_bytes(*find_type(kF32), std::numeric_limits<std::int64_t>::max()), std::nullopt);
}

TEST(Types, FileTypes) {
  EXPECT_EQ(file_type_name(15), "Q4_K_M");
  EXPECT_EQ(file_type_name(38), "MXFP4");
  EXPECT_EQ(file_type_name(4), std::nullopt);
}

}  // namespace
}  // namespace mia::model
