// SPDX-License-Identifier: MIT
#include "stats/random.h"

#include <array>
#include <cmath>
#include <map>
#include <vector>

#include <gtest/gtest.h>

#include "stats/proportions.h"

namespace mia::stats {
namespace {

TEST(Random, MixIsSplitmix64) {
  EXPECT_EQ(mix(1234567), 6457827717110365317U);  // published first output for this seed
}

TEST(Random, StreamIsFixedForAllMachines) {
  Random random(42);
  for (const std::uint64_t expected :
       {1546998764402558742U, 6990951692964543102U, 12544586762248559009U, 17057574109182124193U}) {
    EXPECT_EQ(random.next(), expected);
  }
}

TEST(Random, UniformIsUniformAndStaysBelowOne) {
  Random random(7);
  std::vector<double> values;
  for (int i = 0; i < 20'000; ++i) {
    values.push_back(random.uniform());
    ASSERT_GE(values.back(), 0);
    ASSERT_LT(values.back(), 1);
  }
  EXPECT_GT(*uniform_p(values), 0.001);
}

TEST(Random, BelowCoversTheWholeRangeEvenly) {
  Random random(3);
  std::array<int, 6> counts{};
  for (int i = 0; i < 60'000; ++i) {
    const std::uint64_t draw = random.below(6);
    ASSERT_LT(draw, 6U);
    ++counts[draw];
  }
  for (const int count : counts) {
    EXPECT_NEAR(count, 10'000, 450);  // 5 standard deviations
  }
  EXPECT_EQ(random.below(1), 0U);
  EXPECT_EQ(random.below(0), 0U);
}

TEST(Random, BelowDrawsAgainWhatWouldFavourSmallNumbers) {
  // Of this range two thirds of the 64 bits are whole; without drawing again the lower third came twice as often.
  const std::uint64_t bound = 3 * (std::uint64_t{1} << 62U);
  Random random(5);
  int low = 0;
  for (int i = 0; i < 9'000; ++i) {
    low += random.below(bound) < bound / 3 ? 1 : 0;
  }
  EXPECT_NEAR(low, 3'000, 230);  // 5 standard deviations; biased: 4500
}

TEST(Random, CoinIsFair) {
  Random random(11);
  int heads = 0;
  for (int i = 0; i < 10'000; ++i) {
    heads += random.coin() ? 1 : 0;
  }
  EXPECT_NEAR(heads, 5'000, 250);
}

TEST(Random, ShuffleMakesEveryOrderEquallyLikely) {
  Random random(13);
  std::map<std::array<int, 3>, int> orders;
  for (int i = 0; i < 12'000; ++i) {
    std::array<int, 3> items = {1, 2, 3};
    random.shuffle(std::span(items));
    ++orders[items];
  }
  EXPECT_EQ(orders.size(), 6U);
  for (const auto& [order, count] : orders) {
    EXPECT_NEAR(count, 2'000, 205);
  }
}

TEST(Random, ShuffleTakesNothingAndOne) {
  Random random(1);
  std::vector<int> none;
  random.shuffle(std::span(none));
  std::vector<int> one = {5};
  random.shuffle(std::span(one));
  EXPECT_EQ(one.front(), 5);
}

}  // namespace
}  // namespace mia::stats
