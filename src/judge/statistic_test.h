// SPDX-License-Identifier: MIT
// One statistic of a paired comparison, judged sequentially: one value per epoch, looks at planned numbers of epochs.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "judge/epoch_plan.h"
#include "record/comparison.h"
#include "stats/paired.h"

namespace mia::judge {

struct StatisticRule {
  std::string name;
  std::string figure;
  double alpha = 0.01;      // two-sided, of this statistic over all looks
  double safety = 0.8;      // factor on the nominal p of each look
  bool equivalence = true;  // may be called "same"
  double margin = 0;        // ln
  double floor = 0;         // ln
  double power = 0.95;
  std::vector<std::int64_t> looks;  // planned; the last is the most epochs
  std::uint64_t seed = 1;           // of random sign flips, above 20 epochs
};

class StatisticTest {
 public:
  explicit StatisticTest(StatisticRule rule);

  // ln(b / a) of one epoch, and who was started first in it.
  void add(double value, bool a_started = true) {
    values_.push_back(value);
    a_started_.push_back(a_started);
  }
  // The planned looks, before the first of them: the last is the most epochs.
  void plan(std::vector<std::int64_t> looks);
  // Judges at `looks`, the planned or unplanned looks so far with the present one at the end; `last`: no other will
  // follow. A difference stays as it is. "Same" is tested again at each look with all epochs there are by then, and
  // holds or becomes unclear: what was decided once has no second chance of a difference. A statistic that lacks values
  // of some epochs is left unclear.
  void look(const std::vector<std::int64_t>& looks, bool last);
  // Between looks: running figures, the interval being that of t at the next look's p, and no verdict.
  void run_on();

  [[nodiscard]] const record::StatisticResult& state() const { return state_; }
  // With what the next epochs could find: mde and, while unclear, needed_epochs.
  [[nodiscard]] record::StatisticResult with_prospects() const;
  // Epochs of this standard deviation that find the margin with 90 %, at the last look's p; kFewestEpochs at least.
  [[nodiscard]] std::int64_t needed_epochs(double sd) const;
  [[nodiscard]] const std::vector<double>& values() const { return values_; }
  void rename_figure(std::string figure) { state_.figure = std::move(figure); }

 private:
  struct Boundaries {
    std::vector<double> differs;  // two-sided p of each look
    std::vector<double> equals;   // one-sided p
  };
  [[nodiscard]] Boundaries boundaries(const std::vector<std::int64_t>& looks) const;
  [[nodiscard]] bool describe_values(double p_limit, bool flips);
  void show_equality(double p_equal);
  [[nodiscard]] bool differs() const;
  [[nodiscard]] bool equals(double p_equal) const;
  [[nodiscard]] bool out_of_reach() const;

  StatisticRule rule_;
  Boundaries planned_;
  std::vector<double> values_;
  std::vector<bool> a_started_;
  bool was_same_ = false;
  stats::TResult test_;  // of the values so far, a common difference by order taken out
  record::StatisticResult state_;
};

}  // namespace mia::judge
