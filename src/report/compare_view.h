// SPDX-License-Identifier: MIT
// What `compare` found, as it is shown. Verdicts are of B against A; effects are changes of time per token in percent
// of A, so that a positive effect is slower.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "document/document.h"

namespace mia::report {

struct ComparisonRow {
  std::string statistic;  // "speed" | "experience"
  std::string verdict;    // faster | same | slower | unclear
  std::optional<double> effect_percent;
  std::optional<double> low_percent;
  std::optional<double> high_percent;
  std::optional<double> alpha;        // this statistic's share of the error rate, a fraction
  std::optional<double> mde_percent;  // smallest effect that could have been seen
};

struct VoidedPairs {
  std::string reason;
  std::int64_t count = 0;
};

struct ComparisonView {
  std::string a;
  std::string b;
  std::string workload;
  std::vector<ComparisonRow> rows;
  std::int64_t epochs = 0;
  std::int64_t pairs = 0;  // counted
  std::vector<VoidedPairs> voided;
  std::int64_t set_aside = 0;  // disturbed pairs in epochs with enough others
  std::optional<double> margin_percent;
  std::vector<std::string> notes;
  std::string sentence;
};

[[nodiscard]] document::Document document_of(const ComparisonView& view);

}  // namespace mia::report
