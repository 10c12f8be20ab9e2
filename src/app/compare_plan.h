// SPDX-License-Identifier: MIT
// How long a verdict takes on this machine, by the comparisons that its store holds.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "judge/paired_test.h"

namespace mia::app {

struct PlannedComparison {
  std::string id;
  std::string a;  // labels
  std::string b;
  judge::Forecast forecast;  // were the machine to scatter as it did in this one
};

// Of this machine's comparisons with three epochs or more, the newest twenty at most, newest first.
[[nodiscard]] Result<std::vector<PlannedComparison>> plan_comparisons(const std::string& store,
                                                                      const std::string& machine,
                                                                      const judge::PairedOptions& options);
[[nodiscard]] std::string sentence_of(const std::vector<PlannedComparison>& planned, double margin);

}  // namespace mia::app
