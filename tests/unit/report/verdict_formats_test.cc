// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "base/text.h"
#include "report/gate_view.h"
#include "report/github.h"
#include "report/junit.h"
#include "samples.h"

namespace mia {
namespace {

bool verdicts_have(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(Junit, EachVerdictHasItsElement) {
  const std::string text = report::to_junit(samples::baseline());
  EXPECT_TRUE(verdicts_have(text, "tests=\"4\" failures=\"1\" errors=\"1\" skipped=\"1\"")) << text;
  EXPECT_TRUE(verdicts_have(text, "name=\"load_ms_max\"><failure type=\"fail\""));
  EXPECT_TRUE(verdicts_have(text, "name=\"short_tps_min\"></testcase>"));
  EXPECT_TRUE(verdicts_have(text, "name=\"long_tps_min\"><skipped"));
  EXPECT_TRUE(verdicts_have(text, "name=\"short_tps_drop\"><error type=\"unclear\""));
  EXPECT_TRUE(verdicts_have(text, "value 2227.000 ms, limit 2000.000 ms: slower than the limit"));
}

TEST(Junit, AnUnknownVerdictDoesNotPass) {
  record::Report report = samples::baseline();
  report.checks = {{"x", "whatever", {}, {}, "", ""}};
  EXPECT_TRUE(verdicts_have(report::to_junit(report), "errors=\"1\""));
  EXPECT_TRUE(verdicts_have(report::to_junit(report), "<error type=\"whatever\""));
}

TEST(Github, AnnotatesWhatNeedsAttention) {
  const auto lines = split(trim(report::to_github(samples::baseline())), '\n');
  ASSERT_EQ(lines.size(), 3U) << "a failed check, an unclear one, a warning; nothing for what passed";
  EXPECT_TRUE(lines[0].starts_with("::error title=mia-perf load_ms_max::load_ms_max: fail"));
  EXPECT_TRUE(lines[1].starts_with("::warning title=mia-perf short_tps_drop::"));
  EXPECT_TRUE(lines[2].starts_with("::warning title=mia-perf auto_threads_penalty::auto gave"));
  EXPECT_EQ(report::to_github(samples::empty("smoke")), "");
}

TEST(Github, HostileTextStartsNoCommand) {
  record::Report report = samples::hostile();
  for (const std::string& line : split(trim(report::to_github(report)), '\n')) {
    EXPECT_TRUE(line.starts_with("::error title=mia-perf ") || line.starts_with("::warning title=mia-perf ")) << line;
    EXPECT_FALSE(verdicts_have(line, "\r"));
  }
}

TEST(Github, TheSummaryHasSentenceChecksAndTable) {
  const std::string text = report::github_summary(samples::baseline());
  for (const char* const part : {"**Regression: 1 of 3", "**It writes", "load_ms_max", "tokens_per_s: unpaired",
                                 "20261123-090000-beef", "120.50 [", "auto gave 4 threads"}) {
    EXPECT_TRUE(verdicts_have(text, part)) << part;
  }
}

TEST(GateView, HasEveryLineWithValueLimitAndVerdict) {
  const std::string text = report::gate_text(samples::baseline());
  for (const char* const part :
       {"load_ms_max: fail, value 2227.000 ms, limit 2000.000 ms: slower than the limit", "short_tps_min: pass",
        "short_tps_drop: unclear", "not judged: long_tps_min (no long workload)", "Statistic: tokens_per_s: unpaired.",
        "profile legacy", "20261123-090000-beef of 2026-11-23T09:00:00Z", "Regression: 1 of 3 lines failed"}) {
    EXPECT_TRUE(verdicts_have(text, part)) << part << '\n' << text;
  }
  EXPECT_FALSE(verdicts_have(text, "long_tps_min: skipped"));
}

TEST(GateView, HostileTextStaysOnItsLines) {
  const record::Report report = samples::hostile();
  const std::string text = report::gate_text(report, {100000, false, false});
  EXPECT_FALSE(verdicts_have(text, "\x1b"));
  for (const std::string& line : split(text, '\n')) {
    EXPECT_FALSE(line.starts_with("::error")) << line;
  }
}

}  // namespace
}  // namespace mia
