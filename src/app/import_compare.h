// SPDX-License-Identifier: MIT
// Imported results against earlier ones, or two sides of one file: line by line, and one verdict for all.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "imports/match.h"
#include "judge/unpaired.h"
#include "store/store.h"

namespace mia::app {

struct ImportChoice {
  std::vector<std::string> ignored;  // columns or groups (build, machine, model) that may differ and are pooled
  std::string by;                    // the column whose values are compared within one file; "" none
  std::string before;                // values of it, or their beginnings; "" where there are only two
  std::string now;
};

struct ImportComparison {
  struct Line {
    imports::Sample a;
    imports::Sample b;
    judge::UnpairedResult result;
  };
  std::vector<Line> lines;
  std::vector<std::string> named;     // columns that differ between the lines
  std::vector<std::string> left_out;  // each with its reason
  std::vector<std::string> notes;     // what else differs between the sides
  record::Verdict verdict = record::Verdict::unclear;
  std::string sentence;
  std::string hint;  // what to do where no line was compared
};

// A file on the disk, "-" for standard input, else one that was imported before, by the beginning of its id. What is
// read is kept in the store.
[[nodiscard]] Result<store::ImportedSamples> find_import(store::Store& store, const std::string& what);

// Columns of all names in `ignored`.
[[nodiscard]] std::set<std::string> ignored_columns(const ImportChoice& choice);

// `now` against `before`; builds may differ, nothing else that is not ignored. The error rate holds for all lines
// together.
[[nodiscard]] Result<ImportComparison> compare_imports(const store::ImportedSamples& before,
                                                       const store::ImportedSamples& now, const ImportChoice& choice);
// Lines of one file by the values of the column `by`; columns of its group may differ, too. Usage error where the
// column or a value is not there, or more than two values are and none is chosen.
[[nodiscard]] Result<ImportComparison> compare_within(const store::ImportedSamples& file, const ImportChoice& choice);

}  // namespace mia::app
