// SPDX-License-Identifier: MIT
#include "record/standing.h"

#include <algorithm>
#include <set>
#include <string>

namespace mia::record {

bool is_undisturbed(const Trial& trial) {
  return trial.outcome.ok() && trial.conditions.voided_by.empty();
}

Standing standing_of(const Trial& trial, bool has_undisturbed) {
  if (!trial.outcome.ok()) {
    return trial.outcome.kind == OutcomeKind::cancelled ? Standing::cancelled : Standing::failed;
  }
  if (trial.conditions.voided_by.empty()) {
    return Standing::counted;
  }
  return has_undisturbed ? Standing::left_out : Standing::disturbed_but_counted;
}

std::vector<Standing> standings(std::span<const Trial> trials) {
  std::set<std::string> undisturbed;  // cells
  for (const Trial& trial : trials) {
    if (is_undisturbed(trial)) {
      undisturbed.insert(trial.cell);
    }
  }
  std::vector<Standing> all;
  all.reserve(trials.size());
  for (const Trial& trial : trials) {
    all.push_back(standing_of(trial, undisturbed.contains(trial.cell)));
  }
  return all;
}

bool nothing_measured(std::span<const CellReport* const> cells) {
  const auto any = [&](auto test) { return std::ranges::any_of(cells, test); };
  return any([](const CellReport* cell) { return !cell->outcomes.empty(); }) &&
         !any([](const CellReport* cell) { return cell->outcomes.contains("ok"); });
}

bool nothing_measured(const Report& report) {
  return nothing_measured(cells_of(report));
}

}  // namespace mia::record
