// SPDX-License-Identifier: MIT
#include "report/github.h"

#include <fmt/core.h>

#include "report/escape.h"
#include "report/facts.h"
#include "report/sections.h"

namespace mia::report {
namespace {

std::string command(std::string_view level, std::string_view title, std::string_view message) {
  return fmt::format("::{} title={}::{}\n", level, github_property(title), github_escape(message));
}

}  // namespace

std::string to_github(const record::Report& report) {
  std::string out;
  for (const record::Check& check : report.checks) {
    if (check.verdict != "pass" && check.verdict != "skipped") {
      out += command(check.verdict == "fail" ? "error" : "warning", "mia-perf " + check.name, describe_check(check));
    }
  }
  for (const record::Finding& finding : report.findings) {
    if (finding.severity != record::Severity::info) {
      const bool problem = finding.severity == record::Severity::problem;
      out += command(problem ? "error" : "warning", "mia-perf " + finding.id, finding.text);
    }
  }
  return out;
}

std::string github_summary(const record::Report& report) {
  std::string out = fmt::format("### {}\n\n", markdown_escape(title_of(report)));
  for (const std::string& sentence : {report.judgement ? report.judgement->sentence : "", report.sentence}) {
    out += sentence.empty() ? "" : fmt::format("**{}**\n\n", markdown_cell(sentence, 2000));
  }
  if (!report.checks.empty()) {
    out += checks_markdown(report) + '\n';
  }
  out += results_markdown(report) + '\n';
  for (const record::Finding& finding : report.findings) {
    out += fmt::format("- {}\n", markdown_escape(finding.text, 2000));
  }
  return out;
}

}  // namespace mia::report
