// SPDX-License-Identifier: MIT
#include "judge/coins.h"

#include <set>

#include <gtest/gtest.h>

namespace mia::judge {
namespace {

TEST(Coins, SecondPairMirrorsTheFirst) {
  const CoinPlan plan(5);
  for (std::int64_t epoch = 0; epoch < 20; ++epoch) {
    for (std::int64_t pair = 0; pair < 16; pair += 2) {
      EXPECT_NE(plan.a_first(epoch, pair), plan.a_first(epoch, pair + 1));
    }
  }
}

TEST(Coins, AreFairAndIndependentOfTheirNeighbours) {
  const CoinPlan plan(6);
  int heads = 0;
  int equal_in_epoch = 0;
  int equal_across = 0;
  for (std::int64_t epoch = 0; epoch < 4000; ++epoch) {
    heads += plan.a_first(epoch, 0) ? 1 : 0;
    equal_in_epoch += plan.a_first(epoch, 0) == plan.a_first(epoch, 2) ? 1 : 0;
    equal_across += plan.a_first(epoch, 0) == plan.a_first(epoch + 1, 0) ? 1 : 0;
  }
  EXPECT_NEAR(heads, 2000, 160);  // 5 standard deviations
  EXPECT_NEAR(equal_in_epoch, 2000, 160);
  EXPECT_NEAR(equal_across, 2000, 160);
}

TEST(Coins, OrderOfStartIsAnotherCoin) {
  const CoinPlan plan(7);
  int starts = 0;
  int equal = 0;
  for (std::int64_t epoch = 0; epoch < 4000; ++epoch) {
    starts += plan.a_starts(epoch) ? 1 : 0;
    equal += plan.a_starts(epoch) == plan.a_first(epoch, 0) ? 1 : 0;
  }
  EXPECT_EQ(starts, 2000);  // every second epoch mirrors the one before it
  EXPECT_NEAR(equal, 2000, 160);
  EXPECT_NE(plan.a_starts(6), plan.a_starts(7));
}

TEST(Coins, AFunctionOfTheSeedAlone) {
  const auto order_of = [](const CoinPlan& plan, std::int64_t epoch) {
    std::vector<bool> order;
    for (std::int64_t pair = 0; pair < 40; ++pair) {
      order.push_back(plan.a_first(epoch, pair));
    }
    return order;
  };
  EXPECT_EQ(order_of(CoinPlan(8), 3), order_of(CoinPlan(8), 3));
  EXPECT_NE(order_of(CoinPlan(8), 3), order_of(CoinPlan(9), 3));
  EXPECT_NE(order_of(CoinPlan(8), 3), order_of(CoinPlan(8), 4));
}

TEST(Coins, PaddingLiesWithinFourKibibytesAndVaries) {
  const CoinPlan plan(10);
  std::set<std::int64_t> seen;
  for (std::int64_t epoch = 0; epoch < 200; ++epoch) {
    for (const bool arm_b : {false, true}) {
      const std::int64_t bytes = plan.padding_bytes(epoch, arm_b);
      EXPECT_GE(bytes, 0);
      EXPECT_LE(bytes, 4095);
      seen.insert(bytes);
    }
  }
  EXPECT_GT(seen.size(), 350U);
}

TEST(Coins, EachPairHasItsOwnTokens) {
  const CoinPlan plan(11);
  std::set<std::int64_t> seeds;
  for (std::int64_t epoch = 0; epoch < 20; ++epoch) {
    for (std::int64_t pair = 0; pair < 16; ++pair) {
      seeds.insert(plan.trace_seed(epoch, pair));
      EXPECT_GE(plan.trace_seed(epoch, pair), 0);
      EXPECT_LT(plan.trace_seed(epoch, pair), std::int64_t{1} << 31U);
    }
  }
  EXPECT_EQ(seeds.size(), 320U);
}

}  // namespace
}  // namespace mia::judge
