// SPDX-License-Identifier: MIT
#include "worker/steady.h"

#include <vector>

#include <gtest/gtest.h>

namespace mia::worker {
namespace {

// A run whose intervals, in microseconds, follow a first token at 1 ms.
record::Run run_of(const std::vector<std::int64_t>& intervals_us) {
  record::Run run;
  run.token_ns.push_back(1'000'000);
  for (const std::int64_t us : intervals_us) {
    run.token_ns.push_back(run.token_ns.back() + us * 1000);
  }
  run.tokens_out = static_cast<std::int64_t>(run.token_ns.size());
  return run;
}

std::vector<record::Run> runs_of(const std::vector<std::int64_t>& typical_us) {
  std::vector<record::Run> runs;
  for (const std::int64_t us : typical_us) {
    runs.push_back(run_of({us, us, us}));
  }
  return runs;
}

TEST(Steady, NeedsThreeRuns) {
  EXPECT_FALSE(is_steady({}));
  EXPECT_FALSE(is_steady(runs_of({1000})));
  EXPECT_FALSE(is_steady(runs_of({1000, 1000})));
  EXPECT_TRUE(is_steady(runs_of({1000, 1000, 1000})));
}

TEST(Steady, AllowsTwoPercentAndNotMore) {
  EXPECT_TRUE(is_steady(runs_of({1000, 1020, 1010})));
  EXPECT_TRUE(is_steady(runs_of({1020, 1000, 1000})));
  EXPECT_FALSE(is_steady(runs_of({1000, 1021, 1010})));
  EXPECT_FALSE(is_steady(runs_of({1021, 1000, 1000})));
}

TEST(Steady, LooksAtTheLastThreeOnly) {
  EXPECT_TRUE(is_steady(runs_of({5000, 2000, 1000, 1010, 1005})));
  EXPECT_FALSE(is_steady(runs_of({1000, 1000, 1000, 1500})));
}

TEST(Steady, UsesTheMedianSoThatOneSlowTokenDoesNotCount) {
  std::vector<record::Run> runs{run_of({1000, 1000, 1000, 90000}), run_of({1000, 1000, 1000, 1000}),
                                run_of({40000, 1000, 1000, 1000})};
  EXPECT_TRUE(is_steady(runs));
  runs.push_back(run_of({1000, 1100, 1100, 1000}));
  EXPECT_FALSE(is_steady(runs)) << "an even number of intervals: the mean of the middle two, here 1050";
}

TEST(Steady, RunsOfOneTokenCountByTheirDuration) {
  const auto single = [](std::int64_t ns) {
    record::Run run;
    run.token_ns = {ns};
    run.tokens_out = 1;
    return run;
  };
  EXPECT_TRUE(is_steady(std::vector{single(1000), single(1010), single(1000)}));
  EXPECT_FALSE(is_steady(std::vector{single(1000), single(1100), single(1000)}));
}

TEST(WarmUp, StopsWhenSteadyOrAfterTheMostRuns) {
  EXPECT_FALSE(warm_up_done(runs_of({1000, 1000}), 10));
  EXPECT_TRUE(warm_up_done(runs_of({1000, 1000, 1000}), 10));
  EXPECT_FALSE(warm_up_done(runs_of({1000, 2000, 1000}), 4));
  EXPECT_TRUE(warm_up_done(runs_of({1000, 2000, 1000, 2000}), 4));
  EXPECT_TRUE(warm_up_done(runs_of({1000}), 1));
}

TEST(WarmUp, StopsAfterTwentySecondsButNotBeforeTwoRuns) {
  EXPECT_FALSE(warm_up_done(runs_of({9'000'000}), 10)) << "27 s, but one run";
  EXPECT_TRUE(warm_up_done(runs_of({4'000'000, 5'000'000}), 10));
  EXPECT_FALSE(warm_up_done(runs_of({2'000'000, 3'000'000}), 10)) << "15 s";
}

}  // namespace
}  // namespace mia::worker
