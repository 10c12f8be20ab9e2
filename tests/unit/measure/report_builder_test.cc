// SPDX-License-Identifier: MIT
#include "measure/report_builder.h"

#include <gtest/gtest.h>

#include "plans.h"

namespace mia::measure {
namespace {

record::Trial warm_trial(const std::string& cell) {
  record::Trial trial;
  trial.cell = cell;
  trial.cache.state = "warm";
  trial.phases.load_ms = 5;
  record::Run run;
  run.prompt_tokens = 8;
  run.prefill_ns = 10'000'000;
  run.tokens_out = 3;
  run.token_ns = {10'000'000, 20'000'000, 30'000'000};
  trial.runs = {run};
  return trial;
}

TEST(ReportBuilder, TheMostThatMemoryEverGaveIsTheLimit) {
  const auto plan = plan_of("title: t\nreport: r\nworkloads: {only: {max_tokens: 3}}\n");
  ASSERT_TRUE(plan) << plan.error().text();
  record::Trial trial = warm_trial(plan->cells.front().key);
  ReportContext context;
  context.memory_gb_s = 50;
  EXPECT_EQ(build_report(*plan, {{trial}}, context, true).cells[0].roofline_basis, "memory 50.0 GB/s");
  trial.conditions.canary_before_gb_s = 40;
  trial.conditions.canary_after_gb_s = 80;
  const record::Report report = build_report(*plan, {{trial}}, context, true);
  EXPECT_EQ(report.cells[0].roofline_basis, "memory 80.0 GB/s");
  EXPECT_NEAR(*report.cells[0].roofline_tok_s, 80'000, 1) << "a model of 1 MB and no layers on a GPU";
  context.memory_gb_s.reset();
  EXPECT_FALSE(build_report(*plan, {{trial}}, context, true).cells[0].roofline_tok_s) << "nothing was asked for";
}

TEST(ReportBuilder, OfAMappedFileInTheCacheTheLoadReadsWhatItCopies) {
  const auto plan = plan_of("title: t\nreport: r\nworkloads: {only: {max_tokens: 3}}\n");
  ASSERT_TRUE(plan);
  record::Trial trial = warm_trial(plan->cells.front().key);
  ReportContext context;
  context.cached_read_b_s[""] = 1'000'000'000;
  trial.effective.llm.load_mode = "none";
  EXPECT_EQ(build_report(*plan, {{trial}}, context, true).cells[0].load_limit_ms, 1) << "1 MB at 1 GB/s";
  trial.effective.llm.load_mode = "mmap";
  EXPECT_FALSE(build_report(*plan, {{trial}}, context, true).cells[0].load_limit_ms) << "its load reads nothing";
  trial.buffers = {{"CPU_Mapped", "model", 900'000}, {"CPU", "kv", 5'000}};
  EXPECT_FALSE(build_report(*plan, {{trial}}, context, true).cells[0].load_limit_ms);
  trial.buffers.push_back({"CUDA0", "model", 400'000});
  EXPECT_EQ(build_report(*plan, {{trial}}, context, true).cells[0].load_limit_ms, 0.4)
      << "what goes to the GPU is read";
}

}  // namespace
}  // namespace mia::measure
