// SPDX-License-Identifier: MIT
#include "measure/plan.h"

#include <map>
#include <set>

#include "plans.h"

namespace mia::measure {
namespace {

constexpr const char* kTwoByTwo = R"(
settings: {run.repeats: 3}
axes:
  n_threads: [1, physical, half]
  n_batch: [128, 256]
)";

TEST(Plan, IsTheProductOfItsAxesWithWordsResolved) {
  const auto plan = plan_of(kTwoByTwo);
  ASSERT_TRUE(plan) << plan.error().text();
  ASSERT_EQ(plan->cells.size(), 6U);
  std::set<std::int64_t> threads;
  for (const PlannedCell& cell : plan->cells) {
    threads.insert(*cell.settings.llm.n_threads);
  }
  EXPECT_EQ(threads, (std::set<std::int64_t>{1, 2, 4}));
  EXPECT_EQ(label_of(plan->cells[2].point), "n_threads=physical n_batch=128");
  EXPECT_EQ(plan->order.size(), 18U);
}

// One CPU of a large machine (taskset): every word means what this process may use.
TEST(Plan, WordsForThreadsCountWhatIsAllowed) {
  record::Machine machine;
  machine.logical_cpus = 32;
  machine.physical_cores = 16;
  const auto threads = [&] {
    const auto plan = plan_of("axes: {n_threads: [allowed, physical, half, p-cores]}\n", {}, {}, machine);
    std::vector<std::int64_t> found;
    for (const PlannedCell& cell : plan->cells) {
      found.push_back(*cell.settings.llm.n_threads);
    }
    return found;
  };
  EXPECT_EQ(threads(), (std::vector<std::int64_t>{32, 16, 8, 16}));
  machine.allowed_cpus = 1;
  EXPECT_EQ(threads(), (std::vector<std::int64_t>{1, 1, 1, 1}));
  machine.allowed_cpus = 12;
  machine.allowed_cores = 8;
  machine.allowed_performance_cores = 4;
  EXPECT_EQ(threads(), (std::vector<std::int64_t>{12, 8, 4, 4}));
  machine.allowed_performance_cores = 0;
  EXPECT_EQ(threads(), (std::vector<std::int64_t>{12, 8, 4, 8})) << "none of the fast ones: those that are left";
}

TEST(Plan, EveryRoundHasEveryCellOnceInAnOrderOfItsOwn) {
  const auto plan = plan_of(kTwoByTwo);
  std::vector<std::vector<std::size_t>> rounds(3);
  for (std::size_t i = 0; i < plan->order.size(); ++i) {
    EXPECT_EQ(plan->order[i].repeat, static_cast<std::int64_t>(i / 6));
    rounds[i / 6].push_back(plan->order[i].cell);
  }
  EXPECT_TRUE(rounds[0] != rounds[1] || rounds[1] != rounds[2]);
  for (auto& round : rounds) {
    EXPECT_EQ(std::set<std::size_t>(round.begin(), round.end()).size(), 6U);
  }
}

TEST(Plan, SameInputSameHashAndOrderAnotherSeedAnotherOrder) {
  const auto a = plan_of(kTwoByTwo);
  const auto b = plan_of(kTwoByTwo);
  const auto c = plan_of(kTwoByTwo, {{record::find_field("run.seed"), std::int64_t{2}, "--set"}});
  const auto cells = [](const Plan& plan) {
    std::vector<std::size_t> list;
    for (const Slot& slot : plan.order) {
      list.push_back(slot.cell);
    }
    return list;
  };
  EXPECT_EQ(a->hash, b->hash);
  EXPECT_EQ(cells(*a), cells(*b));
  EXPECT_NE(a->hash, c->hash);
  EXPECT_NE(cells(*a), cells(*c));
}

TEST(Plan, SharesOfTheLayersComeFromTheModel) {
  const auto plan = plan_of("axes: {n_gpu_layers: [0, 25%, 100%]}\n");
  ASSERT_TRUE(plan) << plan.error().text();
  EXPECT_EQ(plan->cells[1].settings.llm.n_gpu_layers, 6);
  EXPECT_EQ(plan->cells[2].settings.llm.n_gpu_layers, 24);
}

TEST(Plan, OnlyKeepsWhatIsNamedAndRefusesNothing) {
  const auto some = plan_of(kTwoByTwo, {}, {"n_batch=256"});
  EXPECT_EQ(some->cells.size(), 3U);
  EXPECT_EQ(some->only, std::vector<std::string>{"n_batch=256"});
  const auto none = plan_of(kTwoByTwo, {}, {"n_batch=512"});
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().kind, ErrorKind::usage);
}

TEST(Plan, KnowsWhichPartsCompareTheirCells) {
  PlanInput input;
  input.base = record::default_settings();
  input.scenario = *parse_scenario("parts: [a, b]", "whole.yaml");
  input.parts = {{*parse_scenario("checks: [recommendation]", "a.yaml"), ""},
                 {*parse_scenario("checks: [anomalies]", "b.yaml"), ""}};
  const auto plan = make_plan(input, four_cores(), one_model);
  ASSERT_TRUE(plan) << plan.error().message;
  EXPECT_TRUE(plan->parts[0].recommends);
  EXPECT_FALSE(plan->parts[1].recommends);
  EXPECT_TRUE(plan->scenario.has_check("recommendation"));
}

TEST(Plan, IsBounded) {
  EXPECT_FALSE(plan_of("settings: {run.repeats: 10000}\naxes: {n_threads: [1, 2]}\n"));
  EXPECT_FALSE(plan_of("axes:\n  n_threads: {from: 1, to: 200}\n  n_batch: {from: 1, to: 200}\n"));
}

TEST(Plan, SequentialOrderKeepsCellsTogether) {
  const auto plan = plan_of("order: sequential\nsettings: {run.repeats: 2}\naxes: {n_threads: [1, 2]}\n");
  std::vector<std::size_t> cells;
  for (const Slot& slot : plan->order) {
    cells.push_back(slot.cell);
  }
  EXPECT_EQ(cells, (std::vector<std::size_t>{0, 0, 1, 1}));
}

TEST(Estimate, GrowsWithTheWork) {
  const auto plan = plan_of("workloads: {short: {max_tokens: 64}, long: {max_tokens: 512}}\n");
  const Estimate shorter = estimate(plan->cells[0], 10);
  const Estimate longer = estimate(plan->cells[1], 10);
  EXPECT_LT(shorter.seconds, longer.seconds);
  EXPECT_LT(estimate(plan->cells[0], 20).seconds, shorter.seconds);
  EXPECT_GE(shorter.memory_bytes, 1'000'000);
}

}  // namespace
}  // namespace mia::measure
