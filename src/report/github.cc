// SPDX-License-Identifier: MIT
#include "report/github.h"

#include <fmt/core.h>

#include "document/escape.h"
#include "document/markdown.h"
#include "report/document.h"
#include "report/facts.h"

namespace mia::report {
namespace {

std::string command(std::string_view level, std::string_view title, std::string_view message) {
  return fmt::format("::{} title={}::{}\n", level, document::github_property(title), document::github_escape(message));
}

}  // namespace

std::string to_github(const record::Report& report) {
  std::string out;
  for (const record::Check& check : report.checks) {
    if (check.verdict != "pass" && check.verdict != "skipped") {
      out += command(check.verdict == "unclear" ? "warning" : "error", "mia-perf " + check.name, describe_check(check));
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
  return document::to_markdown(summary_document(report), 3);
}

}  // namespace mia::report
