// SPDX-License-Identifier: MIT
#include "judge/gate.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "base/text.h"

namespace mia::judge {
namespace {

using record::Check;
using record::Report;

std::int64_t count(const Report& report, std::string_view verdict) {
  return std::ranges::count(report.checks, verdict, &Check::verdict);
}

std::string names_of(const Report& report, std::string_view verdict) {
  std::vector<std::string> names;
  for (const Check& check : report.checks) {
    if (check.verdict == verdict && std::ranges::find(names, check.name) == names.end()) {
      names.push_back(check.name);
    }
  }
  return join(names, ", ");
}

void add_up(Report& report) {
  record::Judgement& judgement = *report.judgement;
  const std::int64_t failed = count(report, "fail");
  const std::int64_t open = count(report, "unclear");
  const std::int64_t passed = count(report, "pass");
  judgement.verdict = failed > 0 ? "fail" : open > 0 ? "unclear" : "pass";
  report.regression_flag = regression_flag(report.checks);
  if (failed > 0) {
    judgement.sentence = fmt::format("Regression: {} of {} lines failed ({}).", failed, failed + open + passed,
                                     names_of(report, "fail"));
  } else if (open > 0) {
    judgement.sentence = fmt::format("Unclear: {} of {} lines could not be judged ({}).", open, open + passed,
                                     names_of(report, "unclear"));
  } else {
    judgement.sentence = fmt::format("No regression: {} lines hold.", passed);
  }
  const auto cut = std::ranges::find(report.findings, "budget", &record::Finding::id);
  if (cut != report.findings.end()) {
    judgement.sentence += fmt::format(" It was judged by less than was asked for: {}.", cut->text);
  }
  if (!judgement.baseline.empty() && judgement.baseline == report.session) {
    judgement.sentence += " The report is the accepted one itself, which cannot judge it.";
  }
}

std::string statistic_text(const BaselineOptions& options, std::size_t lines) {
  return fmt::format(
      "{}: median of ln over the counted trials of a cell against the accepted ones, unpaired; slower by a t interval "
      "at "
      "{:.3g} % (a false alarm in any of {} lines: {:g} %) with the noise between sessions; holds where it is slower "
      "by "
      "less than the limit with 95 %",
      options.metric, 100 * (1 - options.unpaired.alpha / static_cast<double>(lines)), lines,
      100 * options.unpaired.alpha);
}

Check line_of(std::string name, std::string verdict, std::string text) {
  Check check;
  check.name = std::move(name);
  check.verdict = std::move(verdict);
  check.text = std::move(text);
  return check;
}

const Check* same_line(const Report& report, const Check& wanted) {
  const auto at = std::ranges::find_if(
      report.checks, [&](const Check& check) { return check.name == wanted.name && check.cells == wanted.cells; });
  return at == report.checks.end() ? nullptr : &*at;
}

// The line as it stands after the second measurement.
void take_second_look(Check& check, const Check* again, const std::string& session) {
  const bool judged = again != nullptr && (again->verdict == "pass" || again->verdict == "fail");
  record::Confirmation confirmation;
  confirmation.session = session;
  confirmation.verdict = judged ? again->verdict : "unclear";
  confirmation.value = again == nullptr ? std::nullopt : again->value;
  check.verdict = confirmation.verdict;
  const std::string value = confirmation.value ? fmt::format(" ({:.3g})", *confirmation.value) : "";
  const char* const said = confirmation.verdict == "fail"   ? "confirmed by a fresh measurement"
                           : confirmation.verdict == "pass" ? "not confirmed by a fresh measurement"
                                                            : "a fresh measurement could not tell";
  check.text += fmt::format("; {}{}", said, value);
  check.confirmation = std::move(confirmation);
}

}  // namespace

void judge_report(Report& report, const Report* accepted, const GateOptions& options) {
  const bool is_itself = accepted != nullptr && accepted->session == report.session;
  report.checks =
      check_thresholds(whole_of(report), is_itself ? nullptr : accepted, options.limits, options.noise).checks;
  record::Judgement judgement;
  judgement.profile = options.profile;
  if (is_itself) {
    judgement.baseline = accepted->session;
    judgement.baseline_started = accepted->started;
    report.checks.push_back(line_of("baseline", "skipped", "the report is the accepted one itself"));
  } else if (accepted != nullptr) {
    const std::vector<Check> lines = check_baseline(*accepted, report, options.baseline);
    report.checks.insert(report.checks.end(), lines.begin(), lines.end());
    judgement.baseline = accepted->session;
    judgement.baseline_started = accepted->started;
    judgement.alpha = options.baseline.unpaired.alpha;
    judgement.statistic = statistic_text(options.baseline, std::max<std::size_t>(1, lines.size()));
  } else if (options.need_baseline) {
    report.checks.push_back(line_of("baseline", "unclear",
                                    "no report of this model, machine and scenario was accepted yet; mia-perf accept "
                                    "makes one the baseline"));
  }
  if (std::ranges::all_of(report.checks, [](const Check& check) { return check.verdict == "skipped"; })) {
    report.checks.push_back(line_of("limits", "unclear",
                                    "nothing here could be judged: set a limit for what was measured "
                                    "(perf.thresholds), or judge by an accepted report"));
  }
  report.judgement = std::move(judgement);
  add_up(report);
}

std::vector<std::string> flagged_cells(const Report& report) {
  std::set<std::string> flagged;
  for (const Check& check : report.checks) {
    if (check.verdict == "fail") {
      flagged.insert(check.cells.begin(), check.cells.end());
    }
  }
  std::vector<std::string> keys;
  for (const record::CellReport& cell : report.cells) {
    if (flagged.contains(cell.key)) {
      keys.push_back(cell.key);
    }
  }
  return keys;
}

void confirm(Report& report, const Report& fresh, const Report* accepted, const GateOptions& options) {
  Report again = fresh;
  judge_report(again, accepted, options);
  for (Check& check : report.checks) {
    if (check.verdict == "fail") {
      take_second_look(check, same_line(again, check), fresh.session);
    }
  }
  add_up(report);
}

}  // namespace mia::judge
