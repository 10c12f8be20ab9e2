// SPDX-License-Identifier: MIT
// What memory usually gives in this session, and how far its own readings scatter: a reading of a moment is worth no
// trial by itself. Readings at other numbers of threads are other readings.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "record/gates.h"
#include "record/trial.h"

namespace mia::measure {

class UsualBandwidth {
 public:
  // The trial's readings, where it has them.
  void learn(int threads, const record::Conditions& conditions);
  // Median, and three standard deviations below it (by the median of deviations, so that slow moments do not hide
  // themselves), a tenth below it at least. nullopt before eight readings.
  [[nodiscard]] std::optional<record::UsualBandwidth> at(int threads) const;

 private:
  std::map<int, std::vector<double>> ln_gb_s_;
};

}  // namespace mia::measure
