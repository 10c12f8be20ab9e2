// SPDX-License-Identifier: MIT
#include "document/text.h"

#include <gtest/gtest.h>

#include "base/text.h"
#include "document/layout.h"
#include "report/document.h"
#include "samples.h"

namespace mia {
namespace {

bool text_has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::string to_text(const record::Report& report, std::size_t width = 100) {
  return document::to_text(report::document_of(report), {width});
}

record::Report with_latency(record::Report report) {
  report.settings.run.latency_dist = true;
  return report;
}

TEST(Text, FailuresAndUnfinishedSessionsAreSaid) {
  record::Report report = samples::baseline();
  samples::crash(report, report.cells[0]);
  report.complete = false;
  report.sentence = "Nothing could be measured: crashed (SIGSEGV) in load.";
  const std::string text = to_text(report);
  const std::size_t cause = text.find("crashed (SIGSEGV) in load");
  EXPECT_NE(cause, std::string::npos);
  EXPECT_EQ(text.find("crashed (SIGSEGV)", cause + 1), std::string::npos) << "once\n" << text;
  EXPECT_FALSE(text_has(text, "median")) << "no table of dashes";
  EXPECT_TRUE(text_has(text, "did not finish"));
  EXPECT_TRUE(text_has(text, "5 crashed"));
  EXPECT_TRUE(text_has(text, "No speed was measured."));
  EXPECT_TRUE(text_has(to_text(samples::empty("smoke")), "0 trials"));
}

TEST(Text, WhatDisturbedTheTrialsIsSaid) {
  record::Report report = samples::baseline();
  EXPECT_TRUE(text_has(to_text(report), "took up to 3.0 % of a CPU"));
  EXPECT_FALSE(text_has(to_text(report), "steady in their warm-up"));
  EXPECT_FALSE(text_has(to_text(report), "disturbed"));
  report.trials[0].conditions.steal_s = 0.001;
  report.trials[0].warm_up_steady = false;
  record::Run warm_up;
  warm_up.warm_up = true;
  constexpr const char* kShort = "1 of 1 trials warmed up by fewer than 3 runs";  // by the scenario's own setting
  EXPECT_FALSE(text_has(to_text(report), kShort));
  EXPECT_TRUE(text_has(report::to_markdown(report), kShort));
  report.trials[0].runs.insert(report.trials[0].runs.begin(), 2, warm_up);
  report.trials[0].conditions.voided_by = {"throttled"};
  EXPECT_FALSE(text_has(to_text(report), "hypervisor"));
  EXPECT_TRUE(text_has(to_text(report), "1 of 1 trials had not become steady"));
  EXPECT_TRUE(
      text_has(to_text(report),
               "1 of 1 trial was disturbed but counted, for want of better ones; tokens_per_s is least certain"));
  report.trials.push_back(report.trials[0]);
  report.trials[1].conditions.voided_by.clear();
  EXPECT_TRUE(text_has(to_text(report),
                       "1 of 2 trials was disturbed and left out of the figures; tokens_per_s is least certain"));
}

TEST(Text, TooFewTrialsAreSaid) {
  record::Report report = samples::baseline();
  record::Summary& speed = report.cells[0].metrics["tokens_per_s"];
  speed.low = speed.high = std::nullopt;
  speed.n = 2;
  const std::string text = to_text(report);
  EXPECT_TRUE(text_has(text, "120.50 (n=2)"));
  EXPECT_TRUE(text_has(text, "n too small for an interval")) << text;
}

TEST(Text, LatencyOnDemand) {
  const record::Report report = samples::baseline();
  EXPECT_FALSE(text_has(to_text(report), "p95"));
  const std::string text = to_text(with_latency(report));
  EXPECT_TRUE(text_has(text, "p95 (ms)"));
  EXPECT_TRUE(text_has(text, "<= 16.00      20 ")) << text;
}

void expect_within(const record::Report& report, std::size_t width) {
  for (const std::string& line : split(to_text(report, width), '\n')) {
    EXPECT_LE(document::display_width(line), width) << line;
  }
}

TEST(Text, StaysWithinTheTerminal) {
  expect_within(samples::cpu_tuning(), 100);
  for (const record::Report& report :
       {samples::baseline(), samples::quant_compare(), samples::latency(), samples::long_context()}) {
    expect_within(report, 80);
  }
}

TEST(Text, HostileNamesReachNoTerminal) {
  const std::string text = to_text(with_latency(samples::hostile()));
  EXPECT_FALSE(text_has(text, "\x1b"));
  EXPECT_FALSE(text_has(text, "\xc2\x9b"));
  EXPECT_FALSE(text_has(text, "\xe2\x80\xae"));
  EXPECT_FALSE(text_has(text, "\r"));
}

}  // namespace
}  // namespace mia
