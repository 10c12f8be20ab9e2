// SPDX-License-Identifier: MIT
#include "judge/thresholds.h"

#include "../points.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "stats/distributions.h"
#include "stats/random.h"

namespace mia::judge {
namespace {

using record::CellReport;
using record::Check;
using record::Report;

struct Figures {
  double load_ms = 9794;
  double tps = 5.327;
  double p95 = 200;
};

CellReport cell_of(const std::string& workload, std::int64_t layers, const Figures& figures) {
  CellReport cell;
  cell.key = workload + std::to_string(layers);
  cell.point = record::point_of("n_gpu_layers=" + std::to_string(layers) + " " + workload);
  cell.model = "gpt-oss-20b-mxfp4";
  cell.cache_state = "cold";
  cell.requested.workload.name = workload;
  cell.requested.llm.n_gpu_layers = layers;
  cell.metrics["load_ms"].value = figures.load_ms;
  cell.metrics["tokens_per_s"].value = figures.tps;
  cell.metrics["p95_decode_ms"].value = figures.p95;
  return cell;
}

// The perf method's own figures of the accepted model.
Report accepted_report() {
  Report report;
  report.settings.llm.n_gpu_layers = 0;
  report.cells = {cell_of("short", 0, {9794, 5.327, 200}), cell_of("long", 0, {9794, 7.890, 220})};
  return report;
}

record::ThresholdSettings limits() {
  record::ThresholdSettings settings;
  settings.load_ms_max = 11000;
  settings.short_tps_min = 5.0;
  settings.long_tps_min = 7.5;
  settings.short_tps_drop = 0.12;
  settings.long_tps_drop = 0.15;
  settings.p95_ratio_max = 1.30;
  settings.p95_short_drift = 0.10;
  settings.p95_ratio_rise = 0.20;
  return settings;
}

const Check& named(const ThresholdVerdict& verdict, const std::string& name) {
  return *std::ranges::find(verdict.checks, name, &Check::name);
}

// Steady enough to show what is 0.3 % beyond a limit.
LimitNoise steady() {
  LimitNoise noise;
  noise.otherwise = {0.0005, 50};
  return noise;
}

std::string threshold_verdict(const Report& report, const std::string& name) {
  const Report accepted = accepted_report();
  return named(check_thresholds(whole_of(report), &accepted, limits(), steady()), name).verdict;
}

TEST(Thresholds, TheMethodsOwnFiguresPass) {
  const Report report = accepted_report();
  const ThresholdVerdict verdict = check_thresholds(whole_of(report), &report, limits(), steady());
  EXPECT_EQ(verdict.checks.size(), 8U);
  for (const Check& check : verdict.checks) {
    EXPECT_EQ(check.verdict, "pass") << check.name;
    EXPECT_TRUE(check.value) << check.name;
    EXPECT_TRUE(check.limit) << check.name;
    EXPECT_FALSE(check.text.empty()) << check.name;
  }
  EXPECT_FALSE(verdict.regression_flag);
}

TEST(Thresholds, AbsoluteLimitsAtTheirEdges) {
  Report report = accepted_report();
  report.cells[0].metrics["load_ms"].value = 11000;  // must be below
  EXPECT_EQ(threshold_verdict(report, "load_ms_max"), "fail");
  report.cells[0].metrics["load_ms"].value = 10999.9;
  EXPECT_EQ(threshold_verdict(report, "load_ms_max"), "pass");
  report.cells[0].metrics["tokens_per_s"].value = 5.0;  // at least
  EXPECT_EQ(threshold_verdict(report, "short_tps_min"), "pass");
  report.cells[0].metrics["tokens_per_s"].value = 4.999;
  EXPECT_EQ(threshold_verdict(report, "short_tps_min"), "fail");
  report.cells[1].metrics["tokens_per_s"].value = 7.5;
  EXPECT_EQ(threshold_verdict(report, "long_tps_min"), "pass");
  report.cells[1].metrics["tokens_per_s"].value = 7.4;
  EXPECT_EQ(threshold_verdict(report, "long_tps_min"), "fail");
}

TEST(Thresholds, DropsAgainstTheAcceptedReport) {
  Report report = accepted_report();
  report.cells[0].metrics["tokens_per_s"].value = 5.327 * 0.885;
  EXPECT_EQ(threshold_verdict(report, "short_tps_drop"), "pass");
  report.cells[0].metrics["tokens_per_s"].value = 5.327 * 0.875;
  EXPECT_EQ(threshold_verdict(report, "short_tps_drop"), "fail");
  report.cells[1].metrics["tokens_per_s"].value = 7.890 * 0.855;
  EXPECT_EQ(threshold_verdict(report, "long_tps_drop"), "pass");
  report.cells[1].metrics["tokens_per_s"].value = 7.890 * 0.845;
  EXPECT_EQ(threshold_verdict(report, "long_tps_drop"), "fail");
  report.cells[1].metrics["tokens_per_s"].value = 7.890 * 2;  // a gain is no drop
  EXPECT_EQ(threshold_verdict(report, "long_tps_drop"), "pass");
}

// A build is accepted as "default" and its successor measured as "candidate".
TEST(Thresholds, AnotherNameOfModelAndRuntimeHidesNoDrop) {
  Report accepted = accepted_report();
  Report report = accepted_report();
  for (CellReport& cell : report.cells) {
    cell.runtime = "candidate";
    cell.requested.run.runtime = "candidate";
    cell.model = cell.requested.llm.id.emplace("mxfp4-again");
    cell.metrics["tokens_per_s"].value = *cell.metrics["tokens_per_s"].value * 0.5;
    cell.metrics["p95_decode_ms"].value = cell.requested.workload.name == "long" ? 500 : 250;
  }
  for (CellReport& cell : accepted.cells) {
    cell.runtime = "default";
  }
  const ThresholdVerdict verdict = check_thresholds(whole_of(report), &accepted, limits(), steady());
  for (const char* const name : {"short_tps_drop", "long_tps_drop", "p95_short_drift", "p95_ratio_rise"}) {
    EXPECT_EQ(named(verdict, name).verdict, "fail") << name;
  }
  EXPECT_TRUE(verdict.regression_flag);
}

TEST(Thresholds, LatencyRatioDriftAndRise) {
  Report report = accepted_report();
  report.cells[1].metrics["p95_decode_ms"].value = 260;  // 1.30: at most
  EXPECT_EQ(threshold_verdict(report, "p95_ratio_max"), "pass");
  report.cells[1].metrics["p95_decode_ms"].value = 262;
  EXPECT_EQ(threshold_verdict(report, "p95_ratio_max"), "fail");
  report = accepted_report();
  report.cells[0].metrics["p95_decode_ms"].value = 219;
  EXPECT_EQ(threshold_verdict(report, "p95_short_drift"), "pass");
  report.cells[0].metrics["p95_decode_ms"].value = 221;
  EXPECT_EQ(threshold_verdict(report, "p95_short_drift"), "fail");
  report.cells[0].metrics["p95_decode_ms"].value = 100;  // better is no drift
  EXPECT_EQ(threshold_verdict(report, "p95_short_drift"), "pass");
}

TEST(Thresholds, WhatTheNoiseMayMakeIsUnclear) {
  const Report accepted = accepted_report();
  const auto verdicts = [&](double factor, const LimitNoise& noise) {
    Report report = accepted_report();
    report.cells[0].metrics["tokens_per_s"].value = 5.327 / factor;
    report.cells[0].metrics["p95_decode_ms"].value = 200 * factor;
    const ThresholdVerdict found = check_thresholds(whole_of(report), &accepted, limits(), noise);
    return named(found, "short_tps_drop").verdict + " " + named(found, "p95_short_drift").verdict;
  };
  LimitNoise noise;
  noise.otherwise = {0.03, 25};  // sqrt(2) * 0.03 * t of 0.99 with 16 degrees of freedom, 2.583: 11.0 % of ln
  EXPECT_EQ(verdicts(1.05, noise), "pass pass");
  EXPECT_EQ(verdicts(1.20, noise), "unclear unclear");
  EXPECT_EQ(verdicts(1.25, noise), "unclear fail");  // ln 1.25 is 0.223: limits of 0.128 and 0.095
  EXPECT_EQ(verdicts(1.28, noise), "fail fail");
  noise.p95["short0"] = {0.08, 25};  // each figure has its own
  noise.speed["short0"] = {0.001, 25};
  EXPECT_EQ(verdicts(1.20, noise), "fail unclear");
  EXPECT_EQ(verdicts(1.28, {}), "unclear unclear") << "an unwatched machine";
}

struct Nights {
  double sd = 0;
  double slow_share = 0;  // of sessions that are 20 % slower as a whole
};

Report night_of(double level) {
  Report report = accepted_report();
  report.cells[0].metrics["tokens_per_s"].value = 5.327 / level;
  report.cells[0].metrics["p95_decode_ms"].value = 200 * level;
  return report;
}

struct Alarms {
  int first = 0;      // lines of drop and drift that fail
  int confirmed = 0;  // and fail again in a fresh session
};

// Nights 7 to 30 against the sixth, the noise seen in all nights before.
Alarms alarms_of(const Nights& kind, int series) {
  constexpr std::size_t kAccepted = 5;
  constexpr std::size_t kNights = 30;
  stats::Random random(11);
  const auto session = [&] {
    const double slow = random.uniform() < kind.slow_share ? std::log(1.2) : 0;
    return std::exp(slow + kind.sd * stats::normal_quantile(std::max(random.uniform(), 1e-12)));
  };
  Alarms alarms;
  for (int i = 0; i < series; ++i) {
    std::vector<double> levels;
    while (levels.size() <= kAccepted) {
      levels.push_back(session());
    }
    const Report accepted = night_of(levels.back());
    while (levels.size() < kNights) {
      LimitNoise noise;
      noise.otherwise = session_noise(levels);
      const auto fails = [&](double level, const char* name) {
        const Report report = night_of(level);
        return named(check_thresholds(whole_of(report), &accepted, limits(), noise), name).verdict == "fail";
      };
      const double level = session();
      const double again = session();
      for (const char* const name : {"short_tps_drop", "p95_short_drift"}) {
        const bool failed = fails(level, name);
        alarms.first += failed ? 1 : 0;
        alarms.confirmed += failed && fails(again, name) ? 1 : 0;
      }
      levels.push_back(level);
    }
  }
  return alarms;
}

TEST(Thresholds, UnchangedNightsRarelyFail) {
  constexpr int kSeries = 40;  // 960 nights, two lines each
  for (const double sd : {0.01, 0.03, 0.08}) {
    EXPECT_LE(alarms_of({sd, 0}, kSeries).first, 5) << sd;
  }
  const Alarms slow_mode = alarms_of({0.01, 0.15}, kSeries);
  EXPECT_LE(slow_mode.first, 40) << "2 % before the fresh measurement";
  EXPECT_LE(slow_mode.confirmed, 5);
}

TEST(Thresholds, ARatioIsJudgedByTheNoiseOfItsWorkloads) {
  Report report = accepted_report();
  report.cells[1].metrics["p95_decode_ms"].value = 200 * 1.40;
  const auto ratio = [&](const LimitNoise& noise) {
    return named(check_thresholds(whole_of(report), nullptr, limits(), noise), "p95_ratio_max");
  };
  LimitNoise noise = steady();
  EXPECT_EQ(ratio(noise).verdict, "fail");
  noise.p95["long0"] = {0.03, 25};  // ln(1.40 / 1.30) is 0.074, the noise 0.110
  EXPECT_EQ(ratio(noise).verdict, "unclear");
  EXPECT_NE(ratio(noise).text.find("less than the noise of 11.6 %"), std::string::npos) << ratio(noise).text;
  EXPECT_NEAR(*ratio(noise).value, 1.40, 1e-9);
}

TEST(Thresholds, RegressionFlagIsSetByRiseAndDropOnly) {
  const Report accepted = accepted_report();
  const auto flag = [&](const Report& report) {
    return check_thresholds(whole_of(report), &accepted, limits(), steady()).regression_flag;
  };
  Report rise = accepted_report();
  rise.cells[1].metrics["p95_decode_ms"].value = 220 * 1.21;  // ratio 1.331, up 21 %
  EXPECT_EQ(threshold_verdict(rise, "p95_ratio_rise"), "fail");
  EXPECT_TRUE(flag(rise));
  rise.cells[1].metrics["p95_decode_ms"].value = 220 * 1.19;
  EXPECT_FALSE(flag(rise));
  Report drop = accepted_report();
  drop.cells[0].metrics["tokens_per_s"].value = 4;
  EXPECT_TRUE(flag(drop));
  Report load = accepted_report();
  load.cells[0].metrics["load_ms"].value = 20000;
  EXPECT_FALSE(flag(load));
}

TEST(Thresholds, EveryModeIsComparedWithItself) {
  Report report = accepted_report();
  report.cells.push_back(cell_of("short", 12, {5000, 3, 176.52}));
  report.cells.push_back(cell_of("long", 12, {5000, 3, 300}));
  Report accepted = report;
  accepted.cells[3].metrics["p95_decode_ms"].value = 199.03;
  const ThresholdVerdict verdict = check_thresholds(whole_of(report), &accepted, limits(), steady());
  const auto count = [&](const std::string& name) { return std::ranges::count(verdict.checks, name, &Check::name); };
  EXPECT_EQ(count("p95_ratio_max"), 2);
  EXPECT_EQ(count("short_tps_drop"), 2);
  EXPECT_EQ(count("short_tps_min"), 1);
  EXPECT_EQ(named(verdict, "short_tps_min").verdict, "pass");  // the reference, not the slow mode
  const auto failed = std::ranges::find_if(
      verdict.checks, [](const Check& check) { return check.name == "p95_ratio_max" && check.verdict == "fail"; });
  ASSERT_NE(failed, verdict.checks.end());
  EXPECT_NE(failed->text.find("n_gpu_layers=12"), std::string::npos);
  EXPECT_TRUE(verdict.regression_flag);
}

TEST(Thresholds, TheReferenceHasTheReportsOwnSettings) {
  Report report = accepted_report();
  std::swap(report.cells[0], report.cells[1]);
  report.cells.insert(report.cells.begin(), cell_of("short", 12, {5000, 1, 200}));
  EXPECT_EQ(threshold_verdict(report, "short_tps_min"), "pass");
  report.settings.llm.n_gpu_layers = 99;  // none has: the first of the workload
  EXPECT_EQ(threshold_verdict(report, "short_tps_min"), "fail");
}

TEST(Thresholds, ColdLoadsArePreferredAndOthersNamed) {
  Report report = accepted_report();
  report.cells[0].cache_state = "warm";
  report.cells[0].metrics["load_ms"].value = 100;
  report.cells[1].metrics["load_ms"].value = 12000;
  EXPECT_EQ(threshold_verdict(report, "load_ms_max"), "fail");
  report.cells[1].cache_state = "warm";
  const ThresholdVerdict verdict = check_thresholds(whole_of(report), nullptr, limits(), steady());
  EXPECT_EQ(named(verdict, "load_ms_max").verdict, "pass");
  EXPECT_NE(named(verdict, "load_ms_max").text.find("warm"), std::string::npos);
}

TEST(Thresholds, WhatIsMissingIsSaidAndNeverPasses) {
  const Report nothing;
  const ThresholdVerdict empty = check_thresholds(whole_of(nothing), nullptr, limits(), steady());
  for (const Check& check : empty.checks) {
    EXPECT_EQ(check.verdict, "skipped") << check.name;
    EXPECT_FALSE(check.text.empty()) << check.name;
  }
  Report crashed = accepted_report();
  crashed.cells[0].metrics.clear();
  crashed.cells[0].failure = "crashed (SIGSEGV) in load";
  const ThresholdVerdict verdict = check_thresholds(whole_of(crashed), nullptr, limits(), steady());
  for (const char* const name : {"load_ms_max", "short_tps_min", "p95_ratio_max"}) {
    EXPECT_EQ(named(verdict, name).verdict, "unclear") << name;
    EXPECT_NE(named(verdict, name).text.find("SIGSEGV"), std::string::npos) << name;
  }
  EXPECT_EQ(named(verdict, "short_tps_drop").verdict, "skipped");
  EXPECT_EQ(threshold_verdict(crashed, "short_tps_drop"), "unclear");
}

TEST(Thresholds, LimitsNotSetAreSkipped) {
  const Report report = accepted_report();
  for (const Check& check : check_thresholds(whole_of(report), &report, {}).checks) {
    EXPECT_EQ(check.verdict, "skipped") << check.name;
  }
}

TEST(Thresholds, NotANumberIsNoValue) {
  Report report = accepted_report();
  report.cells[0].metrics["tokens_per_s"].value = std::nan("");
  EXPECT_EQ(threshold_verdict(report, "short_tps_min"), "unclear");
  Report accepted = accepted_report();
  accepted.cells[0].metrics["tokens_per_s"].value = 0;
  EXPECT_EQ(
      named(check_thresholds(whole_of(accepted_report()), &accepted, limits(), steady()), "short_tps_drop").verdict,
      "skipped");
}

}  // namespace
}  // namespace mia::judge
