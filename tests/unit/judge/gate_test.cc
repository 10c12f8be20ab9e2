// SPDX-License-Identifier: MIT
#include "judge/gate.h"

#include "../points.h"

#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace mia::judge {
namespace {

using record::CellReport;
using record::Check;
using record::Report;

record::Trial trial_of(const std::string& cell, double tokens_per_second) {
  record::Trial trial;
  trial.cell = cell;
  record::Run run;
  run.tokens_out = 100;
  for (int i = 1; i <= 100; ++i) {
    run.token_ns.push_back(static_cast<std::int64_t>(1e9 * i / tokens_per_second));
  }
  trial.runs.push_back(run);
  return trial;
}

void add_cell(Report& report, const std::string& workload, double speed, double p95_ms) {
  CellReport cell;
  cell.key = "smoke " + workload;
  cell.point = record::point_of(cell.key);
  cell.model = "small";
  cell.requested.workload.name = workload;
  cell.outcomes["ok"] = 5;
  cell.metrics["tokens_per_s"].value = speed;
  cell.metrics["p95_decode_ms"].value = p95_ms;
  cell.metrics["load_ms"].value = 100;
  report.cells.push_back(cell);
  for (int i = 0; i < 5; ++i) {
    report.trials.push_back(trial_of(cell.key, speed * (1 + 0.001 * i)));
  }
}

Report report_of(const std::string& session, double short_tps, double long_tps = 40, double p95_long = 24) {
  Report report;
  report.session = session;
  report.scenario = "smoke";
  report.complete = true;
  add_cell(report, "short", short_tps, 20);
  add_cell(report, "long", long_tps, p95_long);
  return report;
}

GateOptions options_of() {
  GateOptions options;
  options.profile = "mine";
  options.limits.short_tps_min = 20;
  options.limits.short_tps_drop = 0.12;
  options.limits.long_tps_drop = 0.15;
  options.limits.p95_ratio_max = 1.30;
  options.limits.p95_short_drift = 0.10;
  options.limits.p95_ratio_rise = 0.20;
  options.baseline.unpaired.noise = options.noise.otherwise = {0.01, 20};
  return options;
}

std::string verdict_of(const Report& report, const std::string& name) {
  std::string text;
  for (const Check& check : report.checks) {
    if (check.name == name) {
      text += (text.empty() ? "" : " ") + check.verdict;
    }
  }
  return text;
}

Report judged(Report report, const Report* accepted, const GateOptions& options = options_of()) {
  judge_report(report, accepted, options);
  return report;
}

TEST(Gate, AnEqualReportPasses) {
  const Report accepted = report_of("then", 50);
  const Report report = judged(report_of("now", 50), &accepted);
  EXPECT_EQ(report.judgement->verdict, "pass");
  EXPECT_EQ(report.judgement->sentence.substr(0, 15), "No regression: ");
  EXPECT_EQ(*report.regression_flag, false);
  EXPECT_EQ(report.judgement->baseline, "then");
  EXPECT_EQ(report.judgement->profile, "mine");
  EXPECT_EQ(verdict_of(report, "baseline_tokens_per_s"), "pass pass");
  EXPECT_TRUE(flagged_cells(report).empty());
}

TEST(Gate, TheStatisticThatJudgedStandsInTheReport) {
  const Report accepted = report_of("then", 50);
  const Report report = judged(report_of("now", 50), &accepted);
  EXPECT_EQ(*report.judgement->alpha, 0.01);
  for (const char* const part :
       {"tokens_per_s", "unpaired", "99.5 %", "2 lines: 1 %", "less than the limit with 95 %"}) {
    EXPECT_NE(report.judgement->statistic.find(part), std::string::npos) << part << report.judgement->statistic;
  }
}

TEST(Gate, ADropFlagsItsCellAlone) {
  const Report accepted = report_of("then", 50);
  const Report report = judged(report_of("now", 40), &accepted);
  EXPECT_EQ(report.judgement->verdict, "fail");
  EXPECT_EQ(verdict_of(report, "short_tps_drop"), "fail");
  EXPECT_EQ(verdict_of(report, "baseline_tokens_per_s"), "fail pass");
  EXPECT_EQ(*report.regression_flag, true);
  EXPECT_EQ(flagged_cells(report), std::vector<std::string>{"smoke short"});
  EXPECT_NE(report.judgement->sentence.find("short_tps_drop, baseline_tokens_per_s"), std::string::npos)
      << report.judgement->sentence;
}

TEST(Gate, ARatioFlagsBothCells) {
  const Report accepted = report_of("then", 50);
  const Report report = judged(report_of("now", 50, 40, 33), &accepted);
  EXPECT_EQ(verdict_of(report, "p95_ratio_max"), "fail");
  EXPECT_EQ(verdict_of(report, "p95_ratio_rise"), "fail");
  EXPECT_EQ(flagged_cells(report), (std::vector<std::string>{"smoke short", "smoke long"}));
}

TEST(Gate, WithoutABaselineItIsUnclearUnlessNoneIsNeeded) {
  const Report report = judged(report_of("now", 50), nullptr);
  EXPECT_EQ(report.judgement->verdict, "unclear");
  EXPECT_EQ(verdict_of(report, "baseline"), "unclear");
  EXPECT_FALSE(report.judgement->alpha);
  GateOptions options = options_of();
  options.need_baseline = false;
  EXPECT_EQ(judged(report_of("now", 50), nullptr, options).judgement->verdict, "pass");
  EXPECT_EQ(judged(report_of("now", 19), nullptr, options).judgement->verdict, "fail");
}

TEST(Gate, AFailedLineWeighsMoreThanAnUnclearOne) {
  Report accepted = report_of("then", 50);
  Report now = report_of("now", 19);
  now.cells[1].metrics["tokens_per_s"].value.reset();
  EXPECT_EQ(judged(now, &accepted).judgement->verdict, "fail");
  now.cells[0].metrics["tokens_per_s"].value = 50;
  now.trials = report_of("now", 50).trials;
  EXPECT_EQ(judged(now, &accepted).judgement->verdict, "unclear");
}

TEST(Gate, WhatJudgedNothingIsUnclear) {
  GateOptions options;
  options.need_baseline = false;
  const Report none = judged(report_of("now", 50), nullptr, options);
  EXPECT_EQ(none.judgement->verdict, "unclear");
  EXPECT_EQ(verdict_of(none, "limits"), "unclear");
  options.limits.long_tps_min = 1;
  Report short_only = report_of("now", 50);
  short_only.cells.pop_back();
  EXPECT_EQ(judged(short_only, nullptr, options).judgement->verdict, "unclear") << "a limit of what was not measured";
  EXPECT_EQ(judged(report_of("now", 50), nullptr, options).judgement->verdict, "pass");
  options.need_baseline = true;
  EXPECT_EQ(judged(short_only, &short_only, options).judgement->verdict, "unclear") << "nothing judges itself";
  Report elsewhere = report_of("then", 50);
  elsewhere.cells.front().key = "another";
  elsewhere.cells.pop_back();
  EXPECT_EQ(judged(short_only, &elsewhere, options).judgement->verdict, "unclear") << "no cell in common";
  EXPECT_EQ(judged(short_only, &none, options).judgement->verdict, "unclear") << "of two cells one is missing";
}

TEST(Gate, SaysWhenAReportIsItsOwnBaseline) {
  const Report accepted = report_of("one", 50);
  EXPECT_NE(judged(accepted, &accepted).judgement->sentence.find("the accepted one itself"), std::string::npos);
  EXPECT_EQ(judged(report_of("two", 50), &accepted).judgement->sentence.find("itself"), std::string::npos);
}

TEST(Gate, JudgingAnewForgetsTheOldVerdict) {
  const Report accepted = report_of("then", 50);
  Report report = judged(report_of("now", 40), &accepted);
  const std::size_t lines = report.checks.size();
  report.cells = report_of("now", 50).cells;
  report.trials = report_of("now", 50).trials;
  judge_report(report, &accepted, options_of());
  EXPECT_EQ(report.checks.size(), lines);
  EXPECT_EQ(report.judgement->verdict, "pass");
  EXPECT_EQ(*report.regression_flag, false);
}

// The flagged cell alone, as it is measured again.
Report fresh_of(double short_tps) {
  Report fresh = report_of("fresh", short_tps);
  fresh.cells.pop_back();
  return fresh;
}

TEST(Confirm, WhatFailsTwiceStaysFailed) {
  const Report accepted = report_of("then", 50);
  Report report = judged(report_of("now", 40), &accepted);
  confirm(report, fresh_of(41), &accepted, options_of());
  EXPECT_EQ(report.judgement->verdict, "fail");
  const auto check = std::ranges::find(report.checks, "short_tps_drop", &Check::name);
  ASSERT_TRUE(check->confirmation);
  EXPECT_EQ(check->confirmation->session, "fresh");
  EXPECT_EQ(check->confirmation->verdict, "fail");
  EXPECT_NEAR(*check->confirmation->value, 0.18, 1e-9);
  EXPECT_NEAR(*check->value, 0.20, 1e-9);  // the first one stays
  EXPECT_NE(check->text.find("confirmed by a fresh measurement (0.18)"), std::string::npos) << check->text;
  EXPECT_EQ(*report.regression_flag, true);
}

TEST(Confirm, WhatDoesNotComeBackPasses) {
  const Report accepted = report_of("then", 50);
  Report report = judged(report_of("now", 40), &accepted);
  confirm(report, fresh_of(50), &accepted, options_of());
  EXPECT_EQ(report.judgement->verdict, "pass");
  EXPECT_EQ(*report.regression_flag, false);
  const auto check = std::ranges::find(report.checks, "short_tps_drop", &Check::name);
  EXPECT_EQ(check->confirmation->verdict, "pass");
  EXPECT_NE(check->text.find("not confirmed"), std::string::npos);
}

TEST(Gate, WhatIsUnclearIsNotMeasuredAgain) {
  const Report accepted = report_of("then", 50);
  GateOptions options = options_of();
  options.baseline.noise["smoke long"] = {0.05, 20};
  const Report report = judged(report_of("now", 40), &accepted, options);
  EXPECT_EQ(verdict_of(report, "baseline_tokens_per_s"), "fail unclear");
  EXPECT_EQ(flagged_cells(report), std::vector<std::string>{"smoke short"});
}

TEST(Confirm, EachCellIsConfirmedByItself) {
  const Report accepted = report_of("then", 50);
  Report report = judged(report_of("now", 40, 32), &accepted);
  EXPECT_EQ(verdict_of(report, "baseline_tokens_per_s"), "fail fail");
  confirm(report, report_of("fresh", 40, 40), &accepted, options_of());
  EXPECT_EQ(verdict_of(report, "baseline_tokens_per_s"), "fail pass");
}

TEST(Confirm, LinesThatPassedAreNotTouched) {
  const Report accepted = report_of("then", 50);
  Report report = judged(report_of("now", 40), &accepted);
  confirm(report, fresh_of(41), &accepted, options_of());
  for (const Check& check : report.checks) {
    EXPECT_EQ(check.confirmation.has_value(), check.verdict == "fail") << check.name;
  }
  EXPECT_EQ(verdict_of(report, "baseline_tokens_per_s"), "fail pass");
}

TEST(Confirm, AMeasurementThatFailedLeavesItUnclear) {
  const Report accepted = report_of("then", 50);
  Report report = judged(report_of("now", 40), &accepted);
  Report crashed = fresh_of(40);
  crashed.trials.clear();
  for (auto& [name, summary] : crashed.cells[0].metrics) {
    summary.value.reset();
  }
  confirm(report, crashed, &accepted, options_of());
  EXPECT_EQ(report.judgement->verdict, "unclear");
  EXPECT_EQ(verdict_of(report, "short_tps_drop"), "unclear");
  Report other = report_of("other", 40);
  other.cells.clear();
  report = judged(report_of("now", 40), &accepted);
  confirm(report, other, &accepted, options_of());
  EXPECT_EQ(verdict_of(report, "short_tps_drop"), "unclear");
}

}  // namespace
}  // namespace mia::judge
