// SPDX-License-Identifier: MIT
#include "report/text.h"

#include <gtest/gtest.h>

#include "base/text.h"
#include "report/compare_view.h"
#include "report/table.h"
#include "samples.h"

namespace mia {
namespace {

bool text_has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(Text, ABaselineSaysWhatItMeasuredAndHowSure) {
  const std::string text = report::to_text(samples::baseline());
  EXPECT_TRUE(text_has(text, "baseline: smollm2-135m (Q4_1) on llama.cpp 0.5.0-dev")) << text;
  EXPECT_TRUE(text_has(text, "120.50 [118.09, 122.91]"));
  EXPECT_TRUE(text_has(text, "2227.0 ["));
  EXPECT_TRUE(text_has(text, "cover the median with 93.8 %"));
  EXPECT_TRUE(text_has(text, "drift"));
  EXPECT_TRUE(text_has(text, "decode of roofline (%)")) << "how near the machine's limit";
  EXPECT_TRUE(text_has(text, "warning: auto gave 4 threads on 2 cores."));
  EXPECT_TRUE(text_has(text, "energy per token (J): no GPU was seen"));
  EXPECT_TRUE(text_has(text, "load_ms_max"));
  EXPECT_TRUE(text_has(text, "regression_flag: true"));
  EXPECT_TRUE(text.ends_with("It writes at a steady pace.\n")) << "the sentence comes last";
}

TEST(Text, FailuresAndUnfinishedSessionsAreSaid) {
  record::Report report = samples::baseline();
  samples::crash(report, report.cells[0]);
  report.complete = false;
  report.sentence = "Nothing could be measured: crashed (SIGSEGV) in load.";
  const std::string text = report::to_text(report);
  const std::size_t cause = text.find("crashed (SIGSEGV) in load");
  EXPECT_NE(cause, std::string::npos);
  EXPECT_EQ(text.find("crashed (SIGSEGV)", cause + 1), std::string::npos) << "once\n" << text;
  EXPECT_FALSE(text_has(text, "median")) << "no table of dashes";
  EXPECT_TRUE(text_has(text, "did not finish"));
  EXPECT_TRUE(text_has(text, "5 crashed"));
  EXPECT_TRUE(text_has(text, "No speed was measured."));
  EXPECT_TRUE(text_has(report::to_text(samples::empty("smoke")), "0 trials"));
}

TEST(Text, WhatDisturbedTheTrialsIsSaid) {
  record::Report report = samples::baseline();
  EXPECT_TRUE(text_has(report::to_text(report), "took up to 3.0 % of a CPU"));
  EXPECT_FALSE(text_has(report::to_text(report), "steady in their warm-up"));
  EXPECT_FALSE(text_has(report::to_text(report), "disturbed"));
  report.trials[0].conditions.steal_s = 0.001;
  report.trials[0].warm_up_steady = false;
  record::Run warm_up;
  warm_up.warm_up = true;
  EXPECT_TRUE(text_has(report::to_text(report), "1 of 1 trials warmed up by fewer than 3 runs"));
  report.trials[0].runs.insert(report.trials[0].runs.begin(), 2, warm_up);
  report.trials[0].conditions.voided_by = {"throttled"};
  EXPECT_FALSE(text_has(report::to_text(report), "hypervisor"));
  EXPECT_TRUE(text_has(report::to_text(report), "1 of 1 trials had not become steady"));
  EXPECT_TRUE(
      text_has(report::to_text(report), "1 of 1 trial was disturbed but counted, for want of better ones: throttled."));
  report.trials.push_back(report.trials[0]);
  report.trials[1].conditions.voided_by.clear();
  EXPECT_TRUE(text_has(report::to_text(report), "1 of 2 trials was disturbed and left out of the figures: throttled."));
}

TEST(Text, TooFewTrialsAreSaid) {
  record::Report report = samples::baseline();
  record::Summary& speed = report.cells[0].metrics["tokens_per_s"];
  speed.low = speed.high = std::nullopt;
  speed.n = 2;
  const std::string text = report::to_text(report);
  EXPECT_TRUE(text_has(text, "120.50 (n=2)"));
  EXPECT_TRUE(text_has(text, "n too small for an interval")) << text;
}

TEST(Text, LatencyOnDemand) {
  const record::Report report = samples::baseline();
  EXPECT_FALSE(text_has(report::to_text(report), "p95"));
  const std::string text = report::to_text(report, {100, false, true});
  EXPECT_TRUE(text_has(text, "p95 (ms)"));
  EXPECT_TRUE(text_has(text, "<=     16.00 ms      20 "));
  record::Report asked = report;
  asked.settings.run.latency_dist = true;
  EXPECT_TRUE(text_has(report::to_text(asked), "p95 (ms)")) << "run.latency_dist asks for it, too";
}

void expect_within(const record::Report& report, int width) {
  for (const std::string& line : split(report::to_text(report, {width, false, false}), '\n')) {
    EXPECT_LE(report::display_width(line), static_cast<std::size_t>(width)) << line;
  }
}

TEST(Text, StaysWithinTheTerminal) {
  expect_within(samples::cpu_tuning(), 100);
  for (const record::Report& report :
       {samples::baseline(), samples::quant_compare(), samples::latency(), samples::long_context()}) {
    expect_within(report, 80);
  }
}

TEST(Text, ColorsOnlyWhenAsked) {
  EXPECT_FALSE(text_has(report::to_text(samples::baseline()), "\x1b"));
  EXPECT_TRUE(text_has(report::to_text(samples::baseline(), {100, true, false}), "\x1b[33m"));
}

TEST(Text, HostileNamesReachNoTerminal) {
  const std::string text = report::to_text(samples::hostile(), {100, false, true});
  EXPECT_FALSE(text_has(text, "\x1b"));
  EXPECT_FALSE(text_has(text, "\xc2\x9b"));
  EXPECT_FALSE(text_has(text, "\xe2\x80\xae"));
  EXPECT_FALSE(text_has(text, "\r"));
}

report::ComparisonView comparison() {
  report::ComparisonView view;
  view.a = "runtime:old";
  view.b = "runtime:new";
  view.workload = "short";
  view.rows = {{"speed", "slower", 3.1, 2.2, 4.0, 0.008, 1.5},
               {"experience", "unclear", std::nullopt, {}, {}, 0.002, {}}};
  view.epochs = 8;
  view.pairs = 61;
  view.voided = {{"steal", 2}, {"throttled", 1}};
  view.margin_percent = 3;
  view.sentence = "B is 3.1 % slower.";
  return view;
}

TEST(Comparison, SaysVerdictIntervalAndWhatWasLeftOut) {
  const std::string text = report::to_text(comparison());
  EXPECT_TRUE(text_has(text, "+3.10"));
  EXPECT_TRUE(text_has(text, "[+2.20, +4.00]"));
  EXPECT_TRUE(text_has(text, "0.80")) << "alpha in percent";
  EXPECT_TRUE(text_has(text, "8 epochs, 61 pairs"));
  EXPECT_TRUE(text_has(text, "3 left out: 2 steal, 1 throttled"));
  EXPECT_TRUE(text_has(text, "±3.0 %"));
  EXPECT_TRUE(text.ends_with("B is 3.1 % slower.\n"));
  EXPECT_TRUE(text_has(report::to_text(comparison(), {100, true, false}), "\x1b[31mB is"));
}

TEST(Comparison, MarkdownEscapesItsNames) {
  report::ComparisonView view = comparison();
  view.a = view.b = view.workload = view.sentence = samples::hostile_text();
  view.rows[0].verdict = view.voided[0].reason = samples::hostile_text();
  const std::string text = report::to_markdown(view);
  EXPECT_FALSE(text_has(text, "<script"));
  EXPECT_FALSE(text_has(text, "]("));
  EXPECT_FALSE(text_has(text, "\n=cmd"));
}

}  // namespace
}  // namespace mia
