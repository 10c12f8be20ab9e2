// SPDX-License-Identifier: MIT
// What the pictures of a report are made of. Internal to the room.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "document/document.h"
#include "record/metrics.h"
#include "record/report.h"
#include "record/standing.h"
#include "report/shapes.h"

namespace mia::report {

inline constexpr std::size_t kMostDots = 1500;  // of one picture
inline constexpr std::size_t kMostCells = 60;   // rows of one picture

struct PlacedTrial {
  const record::Trial* trial = nullptr;
  record::Standing standing = record::Standing::counted;
  std::size_t turn = 0;  // 1-based, in the order of time
};

// The trials of each cell in the order of time.
class PlacedTrials {
 public:
  explicit PlacedTrials(const record::Report& report);
  [[nodiscard]] const std::vector<PlacedTrial>& of(const record::CellReport& cell) const;
  [[nodiscard]] const std::vector<PlacedTrial>& all() const { return all_; }

 private:
  std::vector<PlacedTrial> all_;
  std::map<std::string, std::vector<PlacedTrial>, std::less<>> by_cell_;
};

// Intervals between tokens of the measured runs of the trials that count, ms.
[[nodiscard]] std::vector<double> intervals_of(const std::vector<PlacedTrial>& trials);

// "trial 3: memory bandwidth went from 47 to 65 GB/s".
[[nodiscard]] std::string note_of(const PlacedTrial& placed);
[[nodiscard]] bool stands_out(const PlacedTrial& placed);

// What cells of a part are compared by: tokens_per_s where one has it; nullptr where nothing was measured.
[[nodiscard]] const record::Metric* leading_metric(const std::vector<record::CellReport>& cells);
// The cells that a picture of few lines shows: all up to six, else the best of each workload.
[[nodiscard]] std::vector<const record::CellReport*> chosen_cells(const Part& part);

// Drops points evenly until `most` are left, marked ones last, and says in the chart's notes how many.
void thin(document::Chart& chart, document::Layer& layer, std::size_t most, std::string_view what);

// A median with its interval along the axis of numbers.
[[nodiscard]] document::Point interval_point(document::Place x, document::Place y, const record::Summary& summary,
                                             const record::Metric& metric);
[[nodiscard]] document::Axis axis_of(const record::Metric& metric);
[[nodiscard]] double shown_value(const record::Metric& metric, double value);

// In pictures_tokens.cc; without `every` only what a part of a probe is about.
void add_token_pictures(const Part& part, const PlacedTrials& trials, bool every, std::vector<document::Block>& blocks);

}  // namespace mia::report
