// SPDX-License-Identifier: MIT
// A report against its accepted baseline: may they be compared at all, and what can be said.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "judge/unpaired.h"
#include "record/report.h"

namespace mia::judge {

struct Difference {
  std::string what;  // "machine", "runtime class", "model", "settings", "scenario", "configuration of CELL",
                     // "runtime version", "cells"
  std::string accepted;
  std::string now;
  bool blocks = true;  // false: worth saying, but the comparison stands (a new version is what is being judged)
};

// Machine by fingerprint, runtime class by provider and backends, model by header hash, settings by the llm and
// workload rows, of the reports and of each cell that both have, scenario by name. Empty: nothing differs. Fields
// unknown on both sides are equal; known on one side only, they differ.
[[nodiscard]] std::vector<Difference> differences(const record::Report& accepted, const record::Report& now);
[[nodiscard]] bool comparable(const std::vector<Difference>& differences);
// "the machine differs (accepted: X, now: Y); ..." of the blocking ones; "" for none.
[[nodiscard]] std::string describe(const std::vector<Difference>& differences);

struct BaselineOptions {
  UnpairedOptions unpaired;                   // `better` is taken from the metric; alpha is that of all lines together
  std::map<std::string, SessionNoise> noise;  // by cell key, from history; unpaired.noise for the others
  std::map<std::string, double> margins;      // by workload, fraction; unpaired.margin for the others
  std::string metric = "tokens_per_s";
};

// One line for each cell found in both reports (by key): "baseline_<metric>", value = fraction slower in time, limit =
// margin; fail for slower, pass for faster, same, and slower by less than the margin with 95 %, unclear else. Values of
// the counted trials are compared; trials that failed or were voided are left out. Each line is judged at its share of
// alpha. A cell of the accepted report that is missing now is unclear.
[[nodiscard]] std::vector<record::Check> check_baseline(const record::Report& accepted, const record::Report& now,
                                                        const BaselineOptions& options = {});

// Metric of the counted trials of a cell: outcome ok, no voiding condition.
[[nodiscard]] std::vector<double> trial_values(const record::Report& report, std::string_view cell_key,
                                               std::string_view metric);

}  // namespace mia::judge
