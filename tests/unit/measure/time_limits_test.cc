// SPDX-License-Identifier: MIT
#include "measure/time_limits.h"

#include <gtest/gtest.h>

namespace mia::measure {
namespace {

using record::Phase;

TimeLimits::Work work(std::int64_t tokens, const char* similar = "a") {
  TimeLimits::Work work;
  work.file_bytes = 100'000'000;
  work.bytes_per_token = 100'000'000;
  work.tokens = tokens;
  work.similar = similar;
  return work;
}

TEST(TimeLimits, ComeFromWhatSimilarTrialsTookScaledByTheWork) {
  TimeLimits limits;
  const TimeLimit before = limits.limit(Phase::generate, work(64));
  EXPECT_NE(before.source.find("no similar"), std::string::npos);
  limits.learn(Phase::generate, work(64), 8);
  limits.learn(Phase::generate, work(64), 6);  // faster: the slowest counts
  const TimeLimit after = limits.limit(Phase::generate, work(64));
  EXPECT_DOUBLE_EQ(after.seconds, 80);
  EXPECT_DOUBLE_EQ(limits.limit(Phase::generate, work(128)).seconds, 160);
  EXPECT_NE(after.source.find("slowest similar"), std::string::npos);
}

TEST(TimeLimits, OthersTeachNothing) {
  TimeLimits limits;
  limits.learn(Phase::generate, work(64), 1000);
  EXPECT_EQ(limits.limit(Phase::generate, work(64, "b")).source.find("slowest"), std::string::npos);
  EXPECT_EQ(limits.limit(Phase::load, work(64)).source.find("slowest"), std::string::npos);
}

TEST(TimeLimits, AreNeverTooTightAndSettingsWin) {
  TimeLimits limits;
  limits.learn(Phase::load, work(1), 0.001);
  EXPECT_GE(limits.limit(Phase::load, work(1)).seconds, 10);
  auto fixed = work(1);
  fixed.fixed_s = 0.5;
  EXPECT_EQ(limits.limit(Phase::load, fixed).seconds, 0.5);
  EXPECT_EQ(limits.limit(Phase::load, fixed).source, "run.timeout_s");
}

}  // namespace
}  // namespace mia::measure
