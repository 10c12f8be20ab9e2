// SPDX-License-Identifier: MIT
// The report of a comparison: what the judge says, who was compared, and the pair table it can be judged from again.
// docs/results-format.md, schemas/compare-v1.schema.json.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "judge/comparison.h"
#include "measure/pairs.h"
#include "record/machine.h"
#include "report/compare_view.h"

namespace mia::app {

inline constexpr int kCompareSchema = 1;

struct ComparedArm {
  measure::ArmSpec spec;
  record::Settings effective;
};

struct CompareContent {
  std::string session;
  std::string started;
  std::string finished;  // "" while running
  record::Machine machine;
  ComparedArm a;
  ComparedArm b;
  record::Outcome outcome;
  bool outcome_of_b = false;
  std::string log_tail;  // of the arm that failed
  std::vector<measure::PairEpoch> epochs;
};

[[nodiscard]] Json compare_document(const judge::Comparison& comparison, const CompareContent& content);

// The pair table of such a document. Errors: `unsupported` for another schema, `protocol` for another document.
[[nodiscard]] Result<std::vector<measure::PairEpoch>> pair_table(const Json& document);
// A document whose hash does not fit its content is refused unless allowed.
[[nodiscard]] Result<Json> read_compare_document(const std::filesystem::path& path, bool allow_edited);

[[nodiscard]] report::ComparisonView view_of(const judge::Comparison& comparison, const CompareContent& content);

}  // namespace mia::app
