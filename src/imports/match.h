// SPDX-License-Identifier: MIT
// Which samples of two imported files are of the same thing.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "store/types.h"

namespace mia::imports {

// All rows of one file with the same test, model and settings: one call of the tool gives one row.
struct Sample {
  std::string test;
  std::string metric;
  std::string unit;
  std::string model;
  record::Settings settings;
  std::vector<double> values;  // single repetitions; the mean of a row that has none
  std::vector<double> levels;  // mean of each row, in the order of the file
  bool means_only = false;     // a row had no repetitions
};
[[nodiscard]] std::vector<Sample> samples_of(const store::ImportedSamples& file);

struct Match {
  std::size_t a = 0;  // index in the first list
  std::size_t b = 0;
};
struct Matches {
  std::vector<Match> pairs;
  std::vector<std::size_t> only_a;  // without a counterpart, or with more than one
  std::vector<std::size_t> only_b;
};
// Equal test and metric, and every setting that both know is equal: generations of the format know different ones.
// Models by name, unless each file has one model only.
[[nodiscard]] Matches match(const std::vector<Sample>& a, const std::vector<Sample>& b);

}  // namespace mia::imports
