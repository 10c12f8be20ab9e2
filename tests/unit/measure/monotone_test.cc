// SPDX-License-Identifier: MIT
#include "measure/monotone.h"

#include <algorithm>

#include "plans.h"

namespace mia::measure {
namespace {

TEST(LargerThanFailed, OnlyFurtherOutOnOneGrowingAxis) {
  const auto plan = plan_of("axes:\n  n_threads: [1, 2]\n  n_ctx: [1024, 2048, 4096]\n");
  ASSERT_TRUE(plan);
  const auto cell = [&](const std::string& label) {
    for (std::size_t i = 0; i < plan->cells.size(); ++i) {
      if (label_of(plan->cells[i].point) == label) {
        return i;
      }
    }
    ADD_FAILURE() << label;
    return std::size_t{0};
  };
  const std::set<std::size_t> failed = {cell("n_threads=1 n_ctx=2048")};
  const auto reason = larger_than_failed(*plan, cell("n_threads=1 n_ctx=4096"), failed);
  ASSERT_TRUE(reason);
  EXPECT_NE(reason->find("n_ctx=2048"), std::string::npos);
  EXPECT_FALSE(larger_than_failed(*plan, cell("n_threads=1 n_ctx=1024"), failed)) << "smaller";
  EXPECT_FALSE(larger_than_failed(*plan, cell("n_threads=2 n_ctx=4096"), failed)) << "differs in more";
  EXPECT_FALSE(larger_than_failed(*plan, cell("n_threads=1 n_ctx=4096"), {}));
}

TEST(LargerThanFailed, LargerOnSeveralGrowingAxesOrInTheWorkload) {
  const auto plan = plan_of(
      "axes:\n  n_ctx: [1024, 2048]\n  n_batch: [128, 256]\n"
      "workloads:\n  short: {max_tokens: 64}\n  long: {max_tokens: 512}\n");
  ASSERT_TRUE(plan);
  const auto refused = [&](const std::string& label, const std::string& failed) {
    const auto at = [&](const std::string& name) {
      return static_cast<std::size_t>(std::ranges::find(plan->cells, name, &PlannedCell::key) - plan->cells.begin());
    };
    return larger_than_failed(*plan, at(label), {at(failed)}).has_value();
  };
  EXPECT_TRUE(refused("n_ctx=2048 n_batch=256 short", "n_ctx=1024 n_batch=128 short"));
  EXPECT_TRUE(refused("n_ctx=2048 n_batch=128 long", "n_ctx=1024 n_batch=128 short"));
  EXPECT_FALSE(refused("n_ctx=2048 n_batch=128 short", "n_ctx=1024 n_batch=256 short")) << "one grows, one shrinks";
  EXPECT_FALSE(refused("n_ctx=2048 n_batch=256 short", "n_ctx=1024 n_batch=128 long")) << "a shorter answer";
}

TEST(LargerThanFailed, MoreThreadsTakeNoMoreMemory) {
  const auto plan = plan_of("axes: {n_threads: [1, 2]}\n");
  EXPECT_FALSE(larger_than_failed(*plan, 1, {0}));
}

}  // namespace
}  // namespace mia::measure
