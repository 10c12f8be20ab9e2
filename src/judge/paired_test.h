// SPDX-License-Identifier: MIT
// The sequential paired test: B against A, epoch by epoch, with a known error rate. Each epoch gives one value per
// statistic: speed the median of ln(b) - ln(a) over its pairs, experience ln of the ratio of all its runs' time and of
// the p95 of all its tokens. At planned looks (5, 8, 11, 15, 20 epochs) a difference is
// tested with spent alpha, by t below 10 epochs and by all sign flips from there on; equivalence within the margin with
// its own spending of 5 %. docs/methodology.md explains it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "judge/epoch_plan.h"
#include "judge/statistic_test.h"
#include "record/comparison.h"

namespace mia::judge {

struct PairedOptions {
  double alpha = 0.01;   // chance of a false difference, all statistics together, two-sided
  double margin = 0.03;  // "same" means within ± this fraction
  double floor = 0.01;   // smaller differences are never called; at most the margin
  double power = 0.95;   // for the smallest detectable effect
  std::int64_t max_epochs = 20;
  bool wait_for_experience = true;  // after "same" in speed go on until the whole run is judged too
  std::int64_t turn_pairs = 0;      // > 0: one turn of a use, whose whole time alone is judged; the first epochs' pairs
  std::uint64_t seed = 1;           // coin plan; random sign flips above 20 epochs
};

// Times of one run in ms.
struct RunFigures {
  double speed = 0;               // mean of the fastest quarter of the intervals; prefill time where no token follows
  double whole = 0;               // request to last token
  std::vector<double> intervals;  // between tokens; may be empty (no p95 then)
};

[[nodiscard]] RunFigures figures_of(const record::Run& run);

struct PairFigures {
  RunFigures a;
  RunFigures b;
  std::string void_reason;  // "" counts; else why a condition (never the timing) threw the pair out
  bool disturbed = false;   // by a condition that both runs may share: set aside where enough others are not
};

struct EpochFigures {
  std::vector<PairFigures> pairs;  // in the order run
  bool steady = true;              // both processes warmed up until steady
  bool a_started = true;           // A's process and file were first
};
[[nodiscard]] EpochFigures figures_of(const record::PairEpoch& epoch);

// The pairs that make the epoch's values; empty when the epoch is voided.
[[nodiscard]] std::vector<const PairFigures*> used_pairs(const EpochFigures& epoch);

struct Forecast {
  std::int64_t epochs = 0;
  double seconds = 0;
};

struct Decision {
  bool stop = false;
  bool looked = false;  // this number of epochs is a look: verdicts may have changed
  record::Verdict verdict = record::Verdict::unclear;
  std::string statistic;
  std::string why;  // why it stops, "" while it goes on
  std::vector<record::StatisticResult> statistics;
};

class PairedTest {
 public:
  // Usage error for alpha or margin outside (0, 0.5), a negative floor, power outside (0.5, 1), or max_epochs outside
  // [5, 500].
  [[nodiscard]] static Result<PairedTest> make(const PairedOptions& options);

  // A pair with a figure that is not positive and finite is voided. An epoch of which fewer than half of the pairs
  // count is voided whole. With three undisturbed pairs or more the disturbed ones are set aside.
  void add_epoch(const EpochFigures& epoch);
  // Judges at planned looks; between them only the running figures are new. Ask after every epoch: skipped looks are
  // lost.
  [[nodiscard]] Decision look();
  // No epoch will follow: one last look at whatever is there, at the alpha that this many epochs allow. `why` it ended
  // is said where no verdict is reached.
  [[nodiscard]] Decision finish(std::string why);

  [[nodiscard]] std::int64_t epochs() const { return epochs_; }
  // Ask before every epoch. 8 at first; after 3, 5 and 8 epochs by plan_pairs; never more than the time that is left
  // allows by most_pairs. With a budget the most epochs are fixed after three: what it holds then, five at least. The
  // looks are those of that number, so that the last of them spends all of alpha.
  [[nodiscard]] std::int64_t pairs_for_next_epoch(const EpochCosts& costs, std::optional<double> left_s);
  [[nodiscard]] std::int64_t most_epochs() const { return options_.max_epochs; }
  // Epochs in all that would find the margin in 9 of 10, and their wall time, with the pairs that are best without a
  // budget. From the third epoch on.
  [[nodiscard]] std::optional<Forecast> forecast(const EpochCosts& costs) const;
  // Writes what was found, from the verdict to the sentence, beside what was compared.
  void describe(record::Comparison& comparison) const;

 private:
  explicit PairedTest(const PairedOptions& options);
  void count_void(const std::string& reason, std::int64_t pairs);
  [[nodiscard]] std::optional<EpochSpread> spread() const;
  void fix_most_epochs(const EpochCosts& costs, double left_s);
  [[nodiscard]] Decision decide(bool looked, bool last);
  [[nodiscard]] std::string last_reason() const;
  [[nodiscard]] std::string why_stop(bool looked, bool last) const;
  void conclude(Decision& decision) const;
  [[nodiscard]] bool too_many_voids() const;
  [[nodiscard]] std::optional<double> warm_up_trend() const;
  void add_restarts(const EpochSpread& seen, std::vector<std::string>& notes) const;
  [[nodiscard]] std::vector<std::string> notes() const;

  PairedOptions options_;
  std::vector<std::int64_t> planned_;
  std::vector<std::int64_t> looks_;               // done, with the one in progress
  std::vector<StatisticTest> statistics_;         // speed, whole run, p95
  std::vector<std::vector<double>> pair_values_;  // of speed, per counted epoch
  std::int64_t epochs_ = 0;
  std::int64_t planned_pairs_;
  std::int64_t planned_at_ = 0;  // epochs
  bool fixed_ = false;           // the most epochs, by a budget
  bool cut_ = false;             // to fewer than were asked for
  std::int64_t voided_epochs_ = 0;
  std::int64_t pairs_ = 0;
  std::int64_t voided_ = 0;
  std::int64_t set_aside_ = 0;
  std::map<std::string, std::int64_t> void_reasons_;
  std::int64_t unsteady_epochs_ = 0;
  std::string why_last_;
  Decision last_;
};

}  // namespace mia::judge
