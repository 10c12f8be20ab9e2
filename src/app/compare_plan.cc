// SPDX-License-Identifier: MIT
#include "app/compare_plan.h"

#include <algorithm>

#include "app/find_report.h"
#include "base/text.h"
#include "judge/comparison.h"
#include "stats/summary.h"

namespace mia::app {
namespace {

// What is known after the epochs of an earlier comparison.
Result<std::optional<judge::Forecast>> forecast_of(const record::Comparison& earlier, judge::PairedOptions options) {
  const bool turns = !earlier.statistics.empty() && earlier.statistics.front().name == "turn";
  options.turn_pairs = turns ? 1 : 0;
  MIA_TRY_ASSIGN(judge::PairedTest test, judge::PairedTest::make(options));
  for (const record::PairEpoch& epoch : earlier.epoch_table) {
    test.add_epoch(judge::figures_of(epoch));
  }
  return test.forecast(judge::costs_of(earlier));
}

}  // namespace

Result<std::vector<PlannedComparison>> plan_comparisons(const std::string& store, const std::string& machine,
                                                        const judge::PairedOptions& options) {
  constexpr std::size_t kMost = 20;
  MIA_TRY_ASSIGN(store::Store opened, open_store(store));
  MIA_TRY_ASSIGN(const std::vector<store::ComparisonRow> rows, opened.comparisons());
  std::vector<PlannedComparison> planned;
  for (const store::ComparisonRow& row : rows) {
    if (row.machine != machine || planned.size() == kMost) {
      continue;
    }
    MIA_TRY_ASSIGN(const record::Comparison earlier, opened.comparison(row.id));
    MIA_TRY_ASSIGN(const auto forecast, forecast_of(earlier, options));
    if (forecast) {
      planned.push_back({row.id, row.a, row.b, *forecast});
    }
  }
  return planned;
}

std::string sentence_of(const std::vector<PlannedComparison>& planned, double margin) {
  if (planned.empty()) {
    return "no comparison on this machine is stored that has three epochs: compare once, and its scatter is known";
  }
  std::vector<double> seconds;
  std::vector<double> epochs;
  for (const PlannedComparison& one : planned) {
    seconds.push_back(one.forecast.seconds);
    epochs.push_back(static_cast<double>(one.forecast.epochs));
  }
  const auto [least, most] = std::ranges::minmax(seconds);
  const std::string range =
      planned.size() < 2 ? "" : fmt::format(", {} to {}", human_seconds(least), human_seconds(most));
  return fmt::format(
      "to find {:g} % in 9 of 10 takes about {} here ({:.0f} epochs; by {} comparison{} of this machine{})",
      100 * margin, human_seconds(*stats::median(seconds)), *stats::median(epochs), planned.size(),
      planned.size() == 1 ? "" : "s", range);
}

}  // namespace mia::app
