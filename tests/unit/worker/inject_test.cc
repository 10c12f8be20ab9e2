// SPDX-License-Identifier: MIT
#include "worker/inject.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace mia::worker {
namespace {

record::WorkloadSettings nothing() {
  return {};
}

TEST(Inject, NothingAskedIsNoInjector) {
  EXPECT_FALSE(Injector::make(nothing(), 32, 1));
  record::WorkloadSettings zero;
  zero.inject_slow = 0;
  zero.inject_read_mb = 0;
  zero.inject_stall = 0;
  EXPECT_FALSE(Injector::make(zero, 32, 1));
}

TEST(Inject, StretchIsProportionalToTheWork) {
  record::WorkloadSettings workload;
  workload.inject_slow = 3;
  const auto injector = Injector::make(workload, 1, 1);
  ASSERT_TRUE(injector);
  const std::int64_t began = steady_ns() - 2'000'000;
  injector->stretch(began);
  EXPECT_GE(steady_ns() - began, 4 * 2'000'000) << "2 ms of work and three times as much again";
}

TEST(Inject, StallsAreAShareOfTheTokensChosenBySeed) {
  record::WorkloadSettings workload;
  workload.inject_stall = 0.01;
  const auto stalls = [&](std::int64_t seed) { return Injector::make(workload, 100'000, seed)->stalls(); };
  const auto first = stalls(1);
  const auto count = std::ranges::count(first, true);
  EXPECT_GT(count, 850);
  EXPECT_LT(count, 1150);
  EXPECT_EQ(first, stalls(1));
  EXPECT_NE(first, stalls(2));
}

TEST(Inject, AStalledTokenWaitsAndTheOthersDoNot) {
  record::WorkloadSettings workload;
  workload.inject_stall = 1;
  auto injector = Injector::make(workload, 2, 1);
  const std::int64_t began = steady_ns();
  injector->after_token(began);
  EXPECT_GE(steady_ns() - began, 50'000'000);
}

// The stamps of the loop hold the slowness: what is not timed cannot be found.
TEST(Inject, TheLoopTimesIt) {
  record::WorkloadSettings workload;
  workload.inject_slow = 1;
  workload.inject_read_mb = 1;
  auto injector = Injector::make(workload, 4, 1);
  std::vector<std::int64_t> stamps = touched_stamps(4);
  const auto next = [] {
    const std::int64_t end = steady_ns() + 1'000'000;
    while (steady_ns() < end) {
    }
    return Step::token;
  };
  const std::int64_t begin = steady_ns();
  EXPECT_EQ(measure_injected(injector, begin, 4, stamps, next), Step::token);
  ASSERT_EQ(stamps.size(), 4);
  EXPECT_GE(stamps.back(), 4 * 2'000'000);
}

TEST(Inject, TheEndOfTheTextIsPassedOn) {
  record::WorkloadSettings workload;
  workload.inject_stall = 1;
  auto injector = Injector::make(workload, 4, 1);
  std::vector<std::int64_t> stamps;
  EXPECT_EQ(measure_injected(injector, 0, 4, stamps, [] { return Step::end_of_text; }), Step::end_of_text);
  EXPECT_EQ(measure_injected(injector, 0, 4, stamps, [] { return Step::failed; }), Step::failed);
  EXPECT_TRUE(stamps.empty());
}

}  // namespace
}  // namespace mia::worker
