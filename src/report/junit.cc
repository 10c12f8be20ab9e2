// SPDX-License-Identifier: MIT
#include "report/junit.h"

#include <algorithm>

#include <fmt/core.h>

#include "base/text.h"
#include "document/escape.h"
#include "report/facts.h"

namespace mia::report {
namespace {

using document::xml_escape;

std::int64_t count(const record::Report& report, std::string_view verdict) {
  return std::ranges::count(report.checks, verdict, &record::Check::verdict);
}

// Of its own in the suite: a check that looks at several cells one by one says which.
std::string test_name(const record::Report& report, const record::Check& check) {
  const bool alone = std::ranges::count(report.checks, check.name, &record::Check::name) == 1;
  return alone ? check.name : fmt::format("{}: {}", check.name, join(check.cells, ", "));
}

// A verdict that is none of the known ones counts as unclear: it must not pass.
std::string body(const record::Check& check) {
  const std::string text = xml_escape(describe_check(check));
  if (check.verdict == "pass") {
    return "";
  }
  if (check.verdict == "skipped") {
    return fmt::format(R"(<skipped message="{}"/>)", text);
  }
  const char* const element = check.verdict == "fail" ? "failure" : "error";
  return fmt::format(R"(<{0} type="{1}" message="{2}">{2}</{0}>)", element, xml_escape(check.verdict), text);
}

}  // namespace

std::string to_junit(const record::Report& report) {
  const auto failures = count(report, "fail");
  const auto skipped = count(report, "skipped");
  const auto errors = std::ssize(report.checks) - failures - skipped - count(report, "pass");
  const std::string numbers = fmt::format(R"(tests="{}" failures="{}" errors="{}" skipped="{}")", report.checks.size(),
                                          failures, errors, skipped);
  const std::string name = xml_escape(fmt::format("mia-perf.{}", report.scenario), 300);
  std::string out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
  out += fmt::format("<testsuites name=\"mia-perf\" {}>\n  <testsuite name=\"{}\" timestamp=\"{}\" {}>\n", numbers,
                     name, xml_escape(report.started, 40), numbers);
  for (const record::Check& check : report.checks) {
    out += fmt::format("    <testcase classname=\"{}\" name=\"{}\">{}</testcase>\n", name,
                       xml_escape(test_name(report, check), 300), body(check));
  }
  const std::string said = report.judgement ? report.judgement->sentence + '\n' + report.judgement->statistic : "";
  out += fmt::format("    <system-out>{}</system-out>\n  </testsuite>\n</testsuites>\n",
                     xml_escape(said + '\n' + report.sentence));
  return out;
}

}  // namespace mia::report
