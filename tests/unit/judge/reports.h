// SPDX-License-Identifier: MIT
// Reports from wanted speeds: one run of one token stands for tokens_per_s.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "../points.h"
#include "record/report.h"

namespace mia::judge {

class ReportMaker {
 public:
  record::CellReport& cell(const std::string& key, std::int64_t repeats = 3) {
    record::CellReport cell;
    cell.key = key;
    cell.point = record::point_of(key);
    cell.model = "model";
    cell.runtime = "runtime";
    cell.requested.run.repeats = repeats;
    cell.requested.workload.name = "short";
    report.cells.push_back(std::move(cell));
    return report.cells.back();
  }
  // Trials of a cell from repeat `first` on.
  void speeds(const std::string& key, std::int64_t first, const std::vector<double>& tok_s) {
    for (const double speed : tok_s) {
      record::Trial trial;
      trial.cell = key;
      trial.repeat = first++;
      record::Run run;
      run.tokens_out = 1;
      run.token_ns = {static_cast<std::int64_t>(1e9 / speed)};
      trial.runs = {run};
      report.trials.push_back(std::move(trial));
    }
  }
  void failures(const std::string& key, std::int64_t first, std::int64_t count) {
    for (std::int64_t i = 0; i < count; ++i) {
      record::Trial trial;
      trial.cell = key;
      trial.repeat = first + i;
      trial.outcome.kind = record::OutcomeKind::crashed;
      report.trials.push_back(std::move(trial));
    }
  }
  record::Report report;
};

}  // namespace mia::judge
