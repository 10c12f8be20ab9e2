// SPDX-License-Identifier: MIT
#include "judge/baseline.h"

#include <cmath>
#include <string>

#include <gtest/gtest.h>

namespace mia::judge {
namespace {

using record::Report;

record::Trial trial_with(const std::string& cell, double tokens_per_second) {
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

Report report_with(double tokens_per_second) {
  Report report;
  report.scenario = "baseline";
  report.machine.fingerprint = "m1";
  report.machine.cpu_model = "EPYC";
  report.runtimes.push_back({});
  report.runtimes[0].version = "b6000";
  report.runtimes[0].backends = {"CPU"};
  report.models.push_back({});
  report.models[0].id = "small";
  report.models[0].header_hash = "abc";
  report.settings.llm.n_threads = 2;
  report.cells.push_back({});
  report.cells[0].key = "base";
  report.cells[0].point.scenario = "baseline";
  for (int i = 0; i < 5; ++i) {
    report.trials.push_back(trial_with("base", tokens_per_second * (1 + 0.001 * i)));
  }
  return report;
}

BaselineOptions watched() {
  BaselineOptions options;
  options.unpaired.noise = {0.005, 30};
  return options;
}

TEST(Baseline, EqualReportsDoNotDiffer) {
  EXPECT_TRUE(differences(report_with(50), report_with(40)).empty());
  EXPECT_TRUE(comparable({}));
  EXPECT_EQ(describe({}), "");
}

template <class Change>
std::vector<Difference> after(Change change) {
  Report now = report_with(50);
  change(now);
  return differences(report_with(50), now);
}

TEST(Baseline, NamesWhatForbidsAComparison) {
  const auto only = [](const std::vector<Difference>& found, const std::string& what, bool blocks) {
    return found.size() == 1 && found[0].what == what && found[0].blocks == blocks;
  };
  EXPECT_TRUE(only(after([](Report& r) { r.machine.fingerprint = "m2"; }), "machine", true));
  EXPECT_TRUE(only(after([](Report& r) { r.machine.fingerprint.clear(); }), "machine", true));
  EXPECT_TRUE(only(after([](Report& r) { r.scenario = "smoke"; }), "scenario", true));
  EXPECT_TRUE(only(after([](Report& r) { r.runtimes[0].provider = "fake"; }), "runtime class", true));
  EXPECT_TRUE(only(after([](Report& r) { r.runtimes[0].backends = {"CPU", "CUDA"}; }), "runtime class", true));
  EXPECT_TRUE(only(after([](Report& r) { r.models[0].header_hash = "def"; }), "model", true));
  EXPECT_TRUE(only(after([](Report& r) { r.settings.run.cache = "cold"; }), "settings", true));
  EXPECT_TRUE(only(after([](Report& r) { r.settings.run.warmup_max = 0; }), "settings", true));
  EXPECT_TRUE(only(after([](Report& r) { r.settings.run.runs = 7; }), "settings", true));
  EXPECT_TRUE(only(after([](Report& r) { r.settings.llm.n_threads = 4; }), "settings", true));
  EXPECT_TRUE(only(after([](Report& r) { r.settings.workload.max_tokens = 99; }), "settings", true));
  EXPECT_TRUE(only(after([](Report& r) { r.runtimes[0].version = "b6001"; }), "runtime version", false));
  EXPECT_TRUE(only(after([](Report& r) { r.cells[0].key = "other"; }), "cells", false));
  EXPECT_TRUE(
      only(after([](Report& r) { r.cells[0].requested.workload.max_tokens = 9; }), "configuration of baseline", true));
}

TEST(Baseline, AModelIsItsHashWhateverItIsCalled) {
  EXPECT_TRUE(after([](Report& r) {
                r.models[0].id = "renamed";
                r.settings.llm.id = "/models/renamed.gguf";
                r.cells[0].requested.llm.id = "/models/renamed.gguf";
              }).empty());
}

TEST(Baseline, EachLineIsJudgedByItsOwnNoiseAndItsShareOfAlpha) {
  const auto with_cells = [](double speed, int cells) {
    Report report = report_with(speed);
    for (int i = 1; i < cells; ++i) {
      report.cells.push_back(report.cells[0]);
      report.cells.back().key = "more" + std::to_string(i);
      for (int n = 0; n < 5; ++n) {
        report.trials.push_back(trial_with(report.cells.back().key, speed * (1 + 0.001 * n)));
      }
    }
    return report;
  };
  BaselineOptions options;
  options.noise["base"] = {0.005, 30};
  const auto two = check_baseline(with_cells(50, 2), with_cells(48, 2), options);
  ASSERT_EQ(two.size(), 2U);
  EXPECT_EQ(two[0].cells, std::vector<std::string>{"base"});
  EXPECT_EQ(two[0].verdict, "fail");     // 4 % is far outside half a percent
  EXPECT_EQ(two[1].verdict, "unclear");  // and inside the assumed 5 %
  // What a single line at 1 % just calls slower, one of two hundred lines cannot.
  const auto verdict = [&](int cells) {
    BaselineOptions narrow;
    narrow.noise["base"] = {0.005, 30};
    return check_baseline(with_cells(50, cells), with_cells(48.9, cells), narrow)[0].verdict;
  };
  EXPECT_EQ(verdict(1), "fail");
  EXPECT_EQ(verdict(200), "unclear");
}

TEST(Baseline, RepeatsLimitsAndOrderDoNotMatter) {
  EXPECT_TRUE(after([](Report& r) {
                r.settings.run.repeats = 9;
                r.settings.run.seed = 77;
                r.settings.thresholds.short_tps_min = 1;
              }).empty());
  Report one = report_with(50);
  Report two = report_with(50);
  one.runtimes[0].backends = {"CPU", "BLAS"};
  two.runtimes[0].backends = {"BLAS", "CPU"};
  EXPECT_TRUE(differences(one, two).empty());
}

TEST(Baseline, SaysTheDifferenceWithBothSides) {
  const auto found = after([](Report& r) {
    r.settings.llm.n_threads = 4;
    r.runtimes[0].version = "b6001";
  });
  EXPECT_FALSE(comparable(found));
  const std::string text = describe(found);
  EXPECT_NE(text.find("settings"), std::string::npos);
  EXPECT_NE(text.find("n_threads=2"), std::string::npos);
  EXPECT_NE(text.find("n_threads=4"), std::string::npos);
  EXPECT_EQ(text.find("b6001"), std::string::npos);  // does not block
  EXPECT_TRUE(comparable(after([](Report& r) { r.runtimes[0].version = "b6001"; })));
}

TEST(Baseline, JudgesEachCell) {
  const auto slower = check_baseline(report_with(50), report_with(40), watched());
  ASSERT_EQ(slower.size(), 1U);
  EXPECT_EQ(slower[0].name, "baseline_tokens_per_s");
  EXPECT_EQ(slower[0].verdict, "fail");
  EXPECT_NEAR(*slower[0].value, 0.25, 1e-6);
  EXPECT_EQ(check_baseline(report_with(50), report_with(60), watched())[0].verdict, "pass");
  EXPECT_EQ(check_baseline(report_with(50), report_with(50), watched())[0].verdict, "pass");
  const record::Check unwatched = check_baseline(report_with(50), report_with(49))[0];
  EXPECT_EQ(unwatched.verdict, "unclear");
  EXPECT_NE(unwatched.text.find("five earlier sessions"), std::string::npos) << unwatched.text;
}

TEST(Baseline, ASlowdownBelowTheMarginOfItsWorkloadIsRuledOut) {
  const auto check = [](double now, double margin, const char* workload = "short") {
    Report accepted = report_with(50);
    accepted.cells[0].requested.workload.name = "short";
    BaselineOptions options;
    options.unpaired.noise = {0.02, 21};  // half of the one-sided interval at 95 %: 5.1 %
    options.margins[workload] = margin;
    return check_baseline(accepted, report_with(now), options)[0];
  };
  EXPECT_EQ(check(49, 0.12).verdict, "pass");  // 2 % slower, at most 7.5 %
  EXPECT_EQ(*check(49, 0.12).limit, 0.12);
  EXPECT_EQ(check(49, 0.06).verdict, "unclear");
  EXPECT_EQ(check(49, 0.12, "long").verdict, "unclear");  // another workload's margin; 3 % for this one
  EXPECT_EQ(check(53, 0.03).verdict, "pass");             // perhaps faster, certainly not slower
  const std::string text = check(53, 0.03).text;
  EXPECT_NE(text.find("not 3 % slower: "), std::string::npos) << text;
  EXPECT_NE(text.find(" with 95 %; unpaired samples of 5 and 5"), std::string::npos) << text;
  EXPECT_EQ(text.find("unclear"), std::string::npos) << text;
  EXPECT_EQ(check(40, 0.30).verdict, "fail");  // proven slower fails, whatever is allowed
}

TEST(Baseline, TimesAreBetterWhenSmaller) {
  BaselineOptions options = watched();
  options.metric = "gen_latency_s";
  EXPECT_EQ(check_baseline(report_with(50), report_with(40), options)[0].verdict, "fail");
  EXPECT_EQ(check_baseline(report_with(50), report_with(60), options)[0].verdict, "pass");
}

TEST(Baseline, AMissingCellIsUnclear) {
  Report now = report_with(50);
  now.cells.clear();
  const auto checks = check_baseline(report_with(50), now, watched());
  ASSERT_EQ(checks.size(), 1U);
  EXPECT_EQ(checks[0].verdict, "unclear");
}

TEST(Baseline, FailedAndVoidedTrialsDoNotCount) {
  Report report = report_with(50);
  EXPECT_EQ(trial_values(report, "base", "tokens_per_s").size(), 5U);
  report.trials[0].outcome.kind = record::OutcomeKind::crashed;
  report.trials[1].conditions.voided_by = {"throttled"};
  report.trials[2].cell = "other";
  EXPECT_EQ(trial_values(report, "base", "tokens_per_s").size(), 2U);
  EXPECT_TRUE(trial_values(report, "base", "no_such_metric").empty());
  Report none = report_with(50);
  none.trials.clear();
  EXPECT_EQ(check_baseline(report_with(50), none, watched())[0].verdict, "unclear");
}

}  // namespace
}  // namespace mia::judge
