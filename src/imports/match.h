// SPDX-License-Identifier: MIT
// Imported rows as samples, one for each distinct row of settings, and which samples of two lists are of the same
// thing.
#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <vector>

#include "imports/llama_bench.h"
#include "store/types.h"

namespace mia::imports {

// All rows with the same test, metric and columns: one call of the tool gives one row.
struct Sample {
  std::string test;
  std::string metric;
  std::string unit;
  std::string model;
  std::string measured;  // of its first row, "" unknown
  Columns columns;
  record::Settings settings;   // what maps on ours
  std::vector<double> values;  // single repetitions; the mean of a row that has none
  std::vector<double> levels;  // mean of each row, in the order of the file
  bool means_only = false;     // a row had no repetitions
  std::string problem;         // why a row has no figure, "" where none lacks one
};
struct Samples {
  std::vector<Sample> lines;  // in the order of the file
  std::size_t repeated = 0;   // rows left out: equal time stamp, settings and figures are one measurement
};
// Rows that differ in nothing but columns of `ignored` are pooled. `open` columns tell rows apart, but not settings.
[[nodiscard]] Samples samples_of(const std::vector<store::ImportedRow>& rows, const std::set<std::string>& ignored = {},
                                 const std::set<std::string>& open = {});

// Columns that are not the same in all of the samples.
[[nodiscard]] std::vector<std::string> differing(const std::vector<Sample>& samples);
// "build_commit=abc1234d mla_attn=2": these columns of the sample, – where it has none.
[[nodiscard]] std::string describe(const Sample& sample, const std::vector<std::string>& names);
// Value of the column, – where there is none.
[[nodiscard]] std::string value_of(const Sample& sample, const std::string& column);

struct Match {
  std::size_t a = 0;  // index in the first list
  std::size_t b = 0;
};
struct LeftOut {
  std::size_t index = 0;
  std::string reason;                   // "build_commit differs (a against b)", "no line of this test"
  std::vector<std::string> in_the_way;  // columns that differ from the nearest line
};
struct Matches {
  std::vector<Match> pairs;
  std::vector<LeftOut> only_a;  // without a counterpart, or with more than one
  std::vector<LeftOut> only_b;
};
// Equal test and metric, and every column outside `open` and every setting that both know is equal (generations of the
// format know different ones); of models only the name counts, not the folder. Where several fit, the one that is equal
// in the `open` columns, too.
[[nodiscard]] Matches match(const std::vector<Sample>& a, const std::vector<Sample>& b,
                            const std::set<std::string>& open = {});

// What differs between the partners of the pairs, "cpu_info differs: A before, B now": a reader must know it before
// believing a ratio.
[[nodiscard]] std::vector<std::string> notes_on(const std::vector<Sample>& a, const std::vector<Sample>& b,
                                                const std::vector<Match>& pairs);

}  // namespace mia::imports
