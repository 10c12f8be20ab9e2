// SPDX-License-Identifier: MIT
#include "measure/scenario.h"

#include <gtest/gtest.h>

namespace mia::measure {
namespace {

TEST(Scenario, RangesStepAndMultiply) {
  const auto scenario =
      parse_scenario("axes:\n  n_ctx: {from: 1024, to: 8192, factor: 2}\n  n_threads: {from: 1, to: 4}\n", "x.yaml");
  ASSERT_TRUE(scenario) << scenario.error().text();
  EXPECT_EQ(scenario->axes[0].values, (std::vector<std::string>{"1", "2", "3", "4"}));
  EXPECT_EQ(scenario->axes[1].values, (std::vector<std::string>{"1024", "2048", "4096", "8192"}));
}

TEST(Scenario, WhatIsWrongIsNamedWithItsLine) {
  const std::pair<const char*, const char*> cases[] = {
      {"axis:\n  n_threads: [1]\n", "axes"},
      {"axes:\n  n_thread: [1]\n", "x.yaml:2"},
      {"axes:\n  n_threads: [0]\n", "x.yaml:2"},
      {"axes:\n  n_threads: []\n", "1 to"},
      {"axes:\n  n_ctx: {from: 9, to: 1}\n", "range"},
      {"order: backwards\n", "interleaved"},
      {"quality: perhaps\n", "x.yaml:1"},
      {"workloads:\n  short: {max_tokens: none}\n", "x.yaml:2"},
      {"- a list\n", "mapping"},
  };
  for (const auto& [text, part] : cases) {
    const auto scenario = parse_scenario(text, "x.yaml");
    ASSERT_FALSE(scenario) << text;
    EXPECT_EQ(scenario.error().kind, ErrorKind::usage) << text;
    EXPECT_NE(scenario.error().text().find(part), std::string::npos) << scenario.error().text();
  }
}

TEST(Scenario, AnAxisOnTheCommandLineReplacesOneOfTheFile) {
  auto scenario = parse_scenario("axes:\n  n_threads: [1, 2]\n", "x.yaml");
  ASSERT_TRUE(set_axis(*scenario, *parse_axis("n_threads=3, 4,5")));
  ASSERT_EQ(scenario->axes.size(), 1U);
  EXPECT_EQ(scenario->axes[0].values, (std::vector<std::string>{"3", "4", "5"}));
  EXPECT_FALSE(parse_axis("n_threads"));
  EXPECT_FALSE(parse_axis("n_threads=3,x"));
  fix_axis(*scenario, "llm.primary.n_threads");
  EXPECT_TRUE(scenario->axes.empty());
}

TEST(Scenario, WhatTheWorkloadsDifferInCannotVary) {
  auto scenario = parse_scenario("workloads:\n  a: {max_tokens: 1}\n  b: {}\n", "x.yaml");
  ASSERT_TRUE(scenario);
  const auto refused = set_axis(*scenario, *parse_axis("max_tokens=8,16"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::usage);
  EXPECT_TRUE(set_axis(*scenario, *parse_axis("n_threads=1,2")));
}

TEST(Scenario, EveryBuiltInOneIsGoodAndNamesAreSuggested) {
  const auto names = built_in_scenarios();
  EXPECT_GE(names.size(), 8U);
  for (const std::string& name : names) {
    EXPECT_TRUE(find_scenario(name)) << name;
  }
  const auto wrong = find_scenario("cpu-tunning");
  ASSERT_FALSE(wrong);
  EXPECT_NE(wrong.error().text().find("cpu-tuning"), std::string::npos);
}

}  // namespace
}  // namespace mia::measure
