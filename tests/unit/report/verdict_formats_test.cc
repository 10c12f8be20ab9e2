// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "base/text.h"
#include "document/text.h"
#include "report/document.h"
#include "report/github.h"
#include "report/junit.h"
#include "samples.h"

namespace mia {
namespace {

bool verdicts_have(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
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

TEST(GateView, HostileTextStaysOnItsLines) {
  const record::Report report = samples::hostile();
  const std::string text = document::to_text(report::gate_document(report), {100000});
  EXPECT_FALSE(verdicts_have(text, "\x1b"));
  for (const std::string& line : split(text, '\n')) {
    EXPECT_FALSE(line.starts_with("::error")) << line;
  }
}

}  // namespace
}  // namespace mia
