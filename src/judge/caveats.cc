// SPDX-License-Identifier: MIT
#include "judge/caveats.h"

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include <fmt/core.h>

#include "base/text.h"
#include "record/standing.h"

namespace mia::judge {
namespace {

using record::Report;

using CellSpan = std::span<const record::CellReport* const>;

std::set<std::string> causes_of(CellSpan cells) {
  std::set<std::string> causes;
  for (const record::CellReport* const cell : cells) {
    if (!cell->failure.empty()) {
      causes.insert(cell->failure);
    }
  }
  return causes;
}

// Whether every repeat that a trial was left out of has another trial that counts.
bool all_repeated(const Report& report, const std::vector<record::Standing>& standings) {
  std::set<std::pair<std::string, std::int64_t>> counted;
  for (std::size_t i = 0; i < standings.size(); ++i) {
    if (standings[i] == record::Standing::counted) {
      counted.emplace(report.trials[i].cell, report.trials[i].repeat);
    }
  }
  for (std::size_t i = 0; i < standings.size(); ++i) {
    const record::Trial& trial = report.trials[i];
    if (standings[i] == record::Standing::left_out && !counted.contains({trial.cell, trial.repeat})) {
      return false;
    }
  }
  return true;
}

}  // namespace

std::string caveats_of(const Report& report) {
  const std::vector<record::Standing> standings = record::standings(report.trials);
  const auto count = [&](record::Standing standing) { return std::ranges::count(standings, standing); };
  std::string text;
  const auto say = [&](const std::string& what) { text += (text.empty() ? "" : " ") + what; };
  const auto trials = [&](std::ptrdiff_t some) {
    return fmt::format("{} of {}", some, human_count(std::ssize(standings), "trial"));
  };
  const auto was = [](std::ptrdiff_t some) { return some == 1 ? "was" : "were"; };
  if (const auto failed = count(record::Standing::failed); failed > 0 && !record::nothing_measured(report)) {
    say(trials(failed) + " failed.");
  }
  if (const auto left_out = count(record::Standing::left_out); left_out > 0) {
    say(fmt::format("{} {} disturbed from outside{}.", trials(left_out), was(left_out),
                    all_repeated(report, standings) ? ", left out and repeated" : " and left out"));
  }
  if (const auto noisy = count(record::Standing::disturbed_but_counted); noisy > 0) {
    say(fmt::format("{} {} disturbed from outside but counted, for want of better ones.", trials(noisy), was(noisy)));
  }
  const auto is_budget = [](const record::Finding& finding) { return finding.id == "budget"; };
  if (!report.complete) {
    say("The run did not finish.");
  } else if (std::ranges::any_of(report.findings, is_budget)) {
    say("The budget ended the run before all was measured.");
  }
  return text;
}

std::string only_cause(CellSpan cells) {
  const std::set<std::string> causes = causes_of(cells);
  return record::nothing_measured(cells) && causes.size() == 1 ? *causes.begin() : std::string();
}

std::string failure_sentence(CellSpan cells) {
  const std::string cause = only_cause(cells);
  return cause.empty() ? fmt::format("Nothing could be measured, for {} different causes.", causes_of(cells).size())
                       : fmt::format("Nothing could be measured: {}.", cause);
}

}  // namespace mia::judge
