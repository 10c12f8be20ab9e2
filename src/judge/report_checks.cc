// SPDX-License-Identifier: MIT
#include "judge/report_checks.h"

#include <algorithm>
#include <iterator>

#include <fmt/core.h>

#include "base/text.h"
#include "judge/cells.h"

namespace mia::judge {
namespace {

using record::Check;
using record::Report;

bool skipped(const Check& check) {
  return check.verdict == "skipped";
}

std::vector<Check> named(const std::vector<Check>& checks, std::string_view name) {
  std::vector<Check> found;
  std::ranges::copy_if(checks, std::back_inserter(found), [&](const Check& check) { return check.name == name; });
  return found;
}

struct PartVerdict {
  std::string part;
  record::TableShape table;
  ThresholdVerdict verdict;
};

std::vector<PartVerdict> verdicts_of(const Report& report, const Report* accepted, const LimitNoise& noise) {
  std::vector<PartVerdict> verdicts;
  for (const PartView& part : parts_of(report)) {
    verdicts.push_back(
        {part.name, table_of(report, part.name), check_thresholds(part, accepted, report.settings.thresholds, noise)});
  }
  return verdicts;
}

// Lines of one limit from the part that can judge it.
std::vector<Check> lines_of(std::vector<PartVerdict> verdicts, const std::string& name) {
  if (name.starts_with("p95")) {
    std::ranges::stable_partition(verdicts,
                                  [](const PartVerdict& one) { return one.table == record::TableShape::latency; });
  }
  for (const PartVerdict& one : verdicts) {
    std::vector<Check> lines = named(one.verdict.checks, name);
    if (!lines.empty() && !skipped(lines.front())) {
      for (Check& line : lines) {
        line.text = one.part.empty() ? line.text : fmt::format("{}: {}", one.part, line.text);
      }
      return lines;
    }
  }
  return verdicts.empty() ? std::vector<Check>() : named(verdicts.front().verdict.checks, name);
}

}  // namespace

void judge_thresholds(Report& report, const Report* accepted, const LimitNoise& noise) {
  const std::vector<PartVerdict> verdicts = verdicts_of(report, accepted, noise);
  if (verdicts.empty()) {
    return;
  }
  std::string last;
  for (const Check& check : verdicts.front().verdict.checks) {
    if (check.name == last) {
      continue;
    }
    last = check.name;
    for (Check& line : lines_of(verdicts, check.name)) {
      if (!skipped(line) || !report.parts.empty()) {
        report.checks.push_back(std::move(line));
      }
    }
  }
  std::vector<std::string> failed;
  for (const Check& check : report.checks) {
    if (check.verdict == "fail" && std::ranges::count(failed, check.name) == 0) {
      failed.push_back(check.name);
    }
  }
  if (!failed.empty()) {
    report.sentence += fmt::format(" Not within its limit: {}; a gate fails by that.", join(failed, ", "));
  }
  if (accepted != nullptr) {
    report.regression_flag = std::ranges::any_of(report.checks, [](const Check& check) {
      const bool flags =
          check.name == "short_tps_drop" || check.name == "long_tps_drop" || check.name == "p95_ratio_rise";
      return flags && check.verdict == "fail";
    });
  }
}

}  // namespace mia::judge
