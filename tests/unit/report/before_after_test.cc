// SPDX-License-Identifier: MIT
#include "report/before_after.h"

#include <algorithm>

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "samples.h"

namespace mia {
namespace {

bool noted(const report::BeforeAfter& view, const std::string& part) {
  return std::ranges::any_of(view.notes, [&](const std::string& note) { return note.find(part) != std::string::npos; });
}

record::Report rebuilt() {
  record::Report report = samples::long_context();
  report.session += "-rebuilt";
  report.runtimes[0].version = "0.6.0";
  report.cells[1].metrics["tokens_per_s"] = samples::summary(4.28);
  return report;
}

TEST(BeforeAfter, TheSeedsTable) {
  const report::BeforeAfter view = report::before_after(samples::long_context(), rebuilt());
  const Json rows = report::to_json(view).at("rows");
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].at("mode"), "n_gpu_layers=0");
  EXPECT_EQ(rows[0].at("short_tps_before"), 6.69);
  EXPECT_EQ(rows[0].at("short_tps_after"), 6.69);
  EXPECT_EQ(rows[0].at("long_tps_before"), 2.95);
  EXPECT_EQ(rows[0].at("long_tps_after"), 4.28);
  EXPECT_NEAR(rows[0].at("delta_long_percent").get<double>(), 45.1, 0.05);
  EXPECT_EQ(rows[0].at("delta_short_percent"), 0.0);
}

TEST(BeforeAfter, SaysWhatElseChangedAndThatItIsUnpaired) {
  const report::BeforeAfter view = report::before_after(samples::long_context(), rebuilt());
  EXPECT_TRUE(noted(view, "The runtime differs: before 0.5.0-dev abc1234, after 0.6.0 abc1234"));
  EXPECT_TRUE(noted(view, "mia-perf compare"));
  EXPECT_FALSE(noted(view, "machine differs"));
  record::Report moved = rebuilt();
  moved.machine.fingerprint = "other";
  EXPECT_TRUE(noted(report::before_after(samples::long_context(), moved), "The machine differs"));
}

TEST(BeforeAfter, NamesTheSettingThatChangedBetweenTheReports) {
  record::Report after = rebuilt();
  for (record::CellReport& cell : after.cells) {
    cell.requested.llm.flash_attn = "on";
  }
  EXPECT_TRUE(noted(report::before_after(samples::long_context(), after), "flash_attn differs: before auto, after on"));
  EXPECT_FALSE(noted(report::before_after(samples::long_context(), rebuilt()), "n_gpu_layers differs"))
      << "both vary it";
}

TEST(BeforeAfter, TheSameSessionIsNoChange) {
  EXPECT_TRUE(noted(report::before_after(rebuilt(), rebuilt()), "Both are the same session."));
  record::Report other = rebuilt();
  other.session += "x";
  EXPECT_FALSE(noted(report::before_after(rebuilt(), other), "same session"));
}

TEST(BeforeAfter, PartsOfATokenAreNoSpeeds) {
  record::Report parts = samples::baseline();
  parts.time_parts.emplace_back();
  const report::BeforeAfter view = report::before_after(samples::baseline(), parts);
  ASSERT_EQ(view.rows.size(), 1U);
  EXPECT_TRUE(view.rows[0].short_before.value);
  EXPECT_FALSE(view.rows[0].short_after.value);
  EXPECT_TRUE(noted(view, "left out"));
}

TEST(BeforeAfter, WorkloadsOfAnotherNameAreModes) {
  record::Report own = samples::baseline();
  own.cells.push_back(own.cells.front());
  own.cells[0].requested.workload.name = "chat";
  own.cells[1].requested.workload.name = "code";
  own.cells[1].metrics["tokens_per_s"] = samples::summary(7);
  const report::BeforeAfter view = report::before_after(own, own);
  ASSERT_EQ(view.rows.size(), 2U);
  EXPECT_EQ(view.rows[0].mode, "chat");
  EXPECT_EQ(view.rows[1].mode, "code");
  EXPECT_EQ(view.rows[1].short_after.value, 7);
}

TEST(BeforeAfter, ModesOfOneReportAloneHaveNoChange) {
  record::Report fewer = rebuilt();
  fewer.cells.erase(fewer.cells.begin() + 2, fewer.cells.end());
  const report::BeforeAfter view = report::before_after(samples::long_context(), fewer);
  ASSERT_EQ(view.rows.size(), 2U);
  EXPECT_EQ(view.rows[1].mode, "n_gpu_layers=6");
  EXPECT_EQ(view.rows[1].short_before.value, 4.08);
  EXPECT_EQ(view.rows[1].short_after.value, std::nullopt);
  EXPECT_EQ(view.rows[1].delta_short_percent, std::nullopt);
  EXPECT_TRUE(report::to_json(view).at("rows")[1].at("short_tps_after").is_null());
}

TEST(BeforeAfter, SingleCellsMatchEachOtherWhateverTheirModel) {
  record::Report after = samples::baseline();
  after.cells[0].requested.llm.id = "other";
  after.cells[0].model = after.models[0].id = "other";
  after.cells[0].metrics["tokens_per_s"] = samples::summary(241);
  const report::BeforeAfter view = report::before_after(samples::baseline(), after);
  ASSERT_EQ(view.rows.size(), 1U);
  EXPECT_NEAR(view.rows[0].delta_short_percent.value_or(0), 100, 1e-9);
  EXPECT_TRUE(noted(view, "The model differs: before smollm2-135m, after other"));
}

}  // namespace
}  // namespace mia
