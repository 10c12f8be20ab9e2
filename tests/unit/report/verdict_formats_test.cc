// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "base/text.h"
#include "report/github.h"
#include "report/junit.h"
#include "samples.h"

namespace mia {
namespace {

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(Junit, EachVerdictHasItsElement) {
  const std::string text = report::to_junit(samples::baseline());
  EXPECT_TRUE(has(text, "tests=\"4\" failures=\"1\" errors=\"1\" skipped=\"1\"")) << text;
  EXPECT_TRUE(has(text, "name=\"load_ms_max\"><failure type=\"fail\""));
  EXPECT_TRUE(has(text, "name=\"short_tps_min\"></testcase>"));
  EXPECT_TRUE(has(text, "name=\"long_tps_min\"><skipped"));
  EXPECT_TRUE(has(text, "name=\"short_tps_drop\"><error type=\"unclear\""));
  EXPECT_TRUE(has(text, "value 2227.000 ms, limit 2000.000 ms: slower than the limit"));
}

TEST(Junit, AnUnknownVerdictDoesNotPass) {
  record::Report report = samples::baseline();
  report.checks = {{"x", "whatever", {}, {}, "", ""}};
  EXPECT_TRUE(has(report::to_junit(report), "errors=\"1\""));
  EXPECT_TRUE(has(report::to_junit(report), "<error type=\"whatever\""));
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
    EXPECT_FALSE(has(line, "\r"));
  }
}

TEST(Github, TheSummaryHasSentenceChecksAndTable) {
  const std::string text = report::github_summary(samples::baseline());
  for (const char* const part : {"**It writes", "load_ms_max", "120.50 [", "auto gave 4 threads"}) {
    EXPECT_TRUE(has(text, part)) << part;
  }
}

}  // namespace
}  // namespace mia
