// SPDX-License-Identifier: MIT
#include "judge/gpu_findings.h"

#include "../points.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace mia::judge {
namespace {

using record::CellReport;
using record::Finding;
using record::Report;

// One cell of `layers` on the GPU whose repeats ran at these speeds.
CellReport& add_cell(Report& report, std::int64_t layers, const std::vector<double>& speeds) {
  CellReport cell;
  cell.key = "n_gpu_layers=" + std::to_string(layers);
  cell.point = record::point_of(cell.key);
  cell.model = "gpt-oss-20b";
  cell.requested.llm.n_gpu_layers = layers;
  cell.effective.llm.n_gpu_layers = layers;
  cell.flash_attention.asked = "auto";
  record::Summary speed;
  speed.n = std::ssize(speeds);
  std::vector<double> sorted = speeds;
  std::ranges::sort(sorted);
  speed.value = sorted[sorted.size() / 2];
  speed.low = sorted.front();
  speed.high = sorted.back();
  cell.metrics["tokens_per_s"] = speed;
  for (std::size_t i = 0; i < speeds.size(); ++i) {
    record::Trial trial;
    trial.cell = cell.key;
    trial.repeat = static_cast<std::int64_t>(i);
    record::Run run;
    run.tokens_out = 1;
    run.token_ns = {static_cast<std::int64_t>(1e9 / speeds[i])};
    trial.runs.push_back(run);
    report.trials.push_back(trial);
  }
  return report.cells.emplace_back(std::move(cell));
}

std::vector<Finding> found(const Report& report, const std::string& id) {
  std::vector<Finding> all = gpu_findings(report);
  std::erase_if(all, [&](const Finding& finding) { return finding.id != id; });
  return all;
}

TEST(GpuFindings, TheGpuIsSlowerThanTheCpuOnlyBeyondTheNoise) {
  Report report;
  add_cell(report, 0, {6.4, 6.5, 6.6});
  add_cell(report, 6, {4.0, 4.1, 4.2});
  add_cell(report, 12, {6.3, 6.4, 6.45});
  const auto slower = found(report, "gpu_slower_than_cpu");
  ASSERT_EQ(slower.size(), 1U);
  EXPECT_EQ(slower[0].evidence.at("cell"), "n_gpu_layers=6");
  EXPECT_EQ(slower[0].evidence.at("cpu_tokens_per_s"), "6.50 (6.40 to 6.60)");
  report.cells[1].metrics["tokens_per_s"].high.reset();
  EXPECT_TRUE(found(report, "gpu_slower_than_cpu").empty()) << "no interval, no claim";
}

TEST(GpuFindings, OtherSettingsAreNotHeldAgainstEachOther) {
  Report report;
  add_cell(report, 0, {6.4, 6.5, 6.6});
  add_cell(report, 6, {4.0, 4.1, 4.2}).requested.llm.flash_attn = "on";
  EXPECT_TRUE(found(report, "gpu_slower_than_cpu").empty());
  report.cells[1].requested.llm.flash_attn.reset();
  report.cells[1].part = "latency";
  EXPECT_TRUE(found(report, "gpu_slower_than_cpu").empty()) << "another part of a probe";
}

TEST(GpuFindings, AFallBetweenTwoNumbersOfLayersIsACliff) {
  Report report;
  add_cell(report, 12, {90, 91, 92});
  add_cell(report, 0, {10, 10.1, 10.2});
  add_cell(report, 24, {60, 61, 62});
  add_cell(report, 18, {100, 101, 102});
  const auto cliffs = found(report, "layer_cliff");
  ASSERT_EQ(cliffs.size(), 1U);
  EXPECT_EQ(cliffs[0].evidence.at("cell"), "n_gpu_layers=24");
  EXPECT_NE(cliffs[0].text.find("from 18 to 24"), std::string::npos) << cliffs[0].text;
}

TEST(GpuFindings, FlashAttentionThatWasAskedForAndDidNotRun) {
  Report report;
  CellReport& cell = add_cell(report, 24, {60, 61, 62});
  cell.flash_attention = {"on", "on", "off"};
  cell.graph = record::Graph{{{"SOFT_MAX", "CUDA0", 48}}, 800, 2};
  const auto off = found(report, "flash_attention_requested_but_off");
  ASSERT_EQ(off.size(), 1U) << "what ran beats what the log says";
  EXPECT_EQ(off[0].evidence.at("soft_max"), "48 on CUDA0");
  for (const record::FlashAttention& fine :
       {record::FlashAttention{"on", "off", "on"}, record::FlashAttention{"auto", "off", "off"},
        record::FlashAttention{"off", "off", "off"}, record::FlashAttention{"on", std::nullopt, std::nullopt}}) {
    report.cells[0].flash_attention = fine;
    EXPECT_TRUE(found(report, "flash_attention_requested_but_off").empty()) << fine.asked;
  }
  report.cells[0].flash_attention = {"on", "off", std::nullopt};
  EXPECT_EQ(found(report, "flash_attention_requested_but_off").size(), 1U) << "without proof the log counts";
}

TEST(GpuFindings, MemoryThatIsNearlyFull) {
  Report report;
  report.machine.gpus = {{"big", 80'000, "580", "13.0", true}, {"small", 40'000, "580", "13.0", true}};
  add_cell(report, 24, {60, 61, 62});
  report.trials[1].conditions.gpu_memory_used_bytes = 38'001;
  EXPECT_EQ(found(report, "vram_nearly_full").size(), 1U);
  report.trials[1].conditions.gpu_memory_used_bytes = 37'999;
  EXPECT_TRUE(found(report, "vram_nearly_full").empty());
  report.machine.gpus.clear();
  report.trials[1].conditions.gpu_memory_used_bytes = 38'001;
  EXPECT_TRUE(found(report, "vram_nearly_full").empty()) << "of an unknown size nothing is known";
}

TEST(GpuFindings, AGpuThatStoppedAnswering) {
  Report report;
  add_cell(report, 25, {100, 101, 102});
  for (record::Trial& trial : report.trials) {
    trial.conditions.gpu_memory_before_bytes = 0;
    trial.conditions.gpu_memory_after_bytes = 0;
  }
  EXPECT_TRUE(found(report, "gpu_lost").empty());
  report.trials[1].conditions.gpu_memory_after_bytes.reset();
  report.trials[2].conditions.gpu_memory_after_bytes.reset();
  ASSERT_EQ(found(report, "gpu_lost").size(), 1U) << "said once, of the first";
  EXPECT_NE(found(report, "gpu_lost")[0].text.find("repeat 2"), std::string::npos);
  report.trials[1].conditions.gpu_memory_before_bytes.reset();
  report.trials[2].conditions.gpu_memory_before_bytes.reset();
  EXPECT_TRUE(found(report, "gpu_lost").empty()) << "it never answered";
}

TEST(GpuFindings, ManySplits) {
  Report report;
  add_cell(report, 6, {60, 61, 62}).decode_splits = 9;
  EXPECT_EQ(found(report, "splits_per_token_high").size(), 1U);
  add_cell(report, 12, {60, 61, 62}).decode_splits = 9;
  add_cell(report, 18, {60, 61, 62}).decode_splits = 10;
  const auto both = found(report, "splits_per_token_high");
  ASSERT_EQ(both.size(), 2U) << "cells that are cut alike are one finding";
  EXPECT_NE(both[0].text.find("and 1 more"), std::string::npos);
  report.cells.resize(1);
  report.cells[0].decode_splits = 8;
  EXPECT_TRUE(found(report, "splits_per_token_high").empty());
  report.cells[0].decode_splits.reset();
  EXPECT_TRUE(found(report, "splits_per_token_high").empty());
}

}  // namespace
}  // namespace mia::judge
