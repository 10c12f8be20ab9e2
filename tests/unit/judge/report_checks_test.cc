// SPDX-License-Identifier: MIT
#include "judge/report_checks.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "judge/conclude.h"
#include "reports.h"

namespace mia::judge {
namespace {

using record::Check;
using record::Report;

Report one_scenario(double tok_s, double p95_long) {
  ReportMaker maker;
  maker.cell("short").point = {"long-context", {}, "short"};
  maker.report.cells[0].metrics["tokens_per_s"].value = tok_s;
  maker.report.cells[0].metrics["p95_decode_ms"].value = 100;
  maker.cell("long").requested.workload.name = "long";
  maker.report.cells[1].point = {"long-context", {}, "long"};
  maker.report.cells[1].metrics["tokens_per_s"].value = tok_s;
  maker.report.cells[1].metrics["p95_decode_ms"].value = p95_long;
  maker.report.settings.thresholds.short_tps_min = 5.0;
  maker.report.settings.thresholds.short_tps_drop = 0.12;
  maker.report.settings.thresholds.p95_ratio_max = 1.3;
  return maker.report;
}

// Long-context and latency with the same modes, latency with better percentiles.
Report probe() {
  Report report = one_scenario(6, 200);
  report.scenario = "probe";
  report.parts = {{"long-context", "", "", {}, "", false},
                  {"latency", "", "", {}, "", false, record::TableShape::latency}};
  Report latency = one_scenario(4, 110);
  for (record::CellReport& cell : report.cells) {
    cell.part = cell.point.scenario = "long-context";
  }
  for (record::CellReport& cell : latency.cells) {
    cell.part = cell.point.scenario = "latency";
    cell.key = "latency/" + cell.key;
    report.cells.push_back(cell);
  }
  return report;
}

const Check* named(const Report& report, const std::string& name) {
  const auto at = std::ranges::find(report.checks, name, &Check::name);
  return at == report.checks.end() ? nullptr : &*at;
}

TEST(ReportChecks, WithoutAnAcceptedReportNothingIsFlagged) {
  Report report = one_scenario(4, 100);
  judge_thresholds(report, nullptr);
  EXPECT_NE(report.sentence.find("Not within its limit: "), std::string::npos) << report.sentence;
  EXPECT_EQ(named(report, "short_tps_min")->verdict, "fail");
  EXPECT_FALSE(report.regression_flag);
  EXPECT_EQ(named(report, "short_tps_drop"), nullptr) << "what cannot be judged is no line";
}

TEST(ReportChecks, ADropAgainstTheAcceptedReportIsFlagged) {
  const Report accepted = one_scenario(10, 100);
  Report report = one_scenario(8.5, 100);
  LimitNoise noise;
  noise.otherwise = {0.001, 20};
  judge_thresholds(report, &accepted, noise);
  EXPECT_EQ(report.regression_flag, true);
  Report fine = one_scenario(9.5, 100);
  judge_thresholds(fine, &accepted);
  EXPECT_EQ(fine.regression_flag, false);
}

TEST(ReportChecks, AnAbsoluteLimitAloneIsNoRegression) {
  const Report accepted = one_scenario(4, 100);
  Report report = one_scenario(4, 100);
  judge_thresholds(report, &accepted);
  EXPECT_EQ(named(report, "short_tps_min")->verdict, "fail");
  EXPECT_EQ(report.regression_flag, false);
}

TEST(ReportChecks, AProbeTakesPercentilesFromLatencyAndKeepsWhatIsMissing) {
  Report report = probe();
  judge_thresholds(report, nullptr);
  EXPECT_NEAR(*named(report, "p95_ratio_max")->value, 1.1, 1e-9);
  EXPECT_EQ(named(report, "p95_ratio_max")->verdict, "pass");
  EXPECT_EQ(named(report, "p95_ratio_max")->text.rfind("latency: ", 0), 0U);
  EXPECT_EQ(*named(report, "short_tps_min")->value, 6);
  EXPECT_EQ(named(report, "load_ms_max")->verdict, "skipped");
}

TEST(ReportChecks, ConcludeSpeaksOfEachPart) {
  Report report = probe();
  for (record::CellReport& cell : report.cells) {
    cell.metrics["decode_tok_s"].value = 10;
    cell.metrics["decode_tok_s"].n = 3;
  }
  conclude(report);
  for (const record::PartReport& part : report.parts) {
    EXPECT_NE(part.sentence.find("over a long answer"), std::string::npos) << part.name;
  }
}

}  // namespace
}  // namespace mia::judge
