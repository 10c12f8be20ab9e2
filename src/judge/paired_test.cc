// SPDX-License-Identifier: MIT
#include "judge/paired_test.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "base/clock.h"
#include "judge/comparison.h"
#include "record/metrics.h"
#include "stats/drift.h"
#include "stats/paired.h"
#include "stats/sequential.h"
#include "stats/summary.h"

namespace mia::judge {
namespace {

using record::is_difference;
using record::StatisticResult;
using record::Verdict;

// Parts of alpha. Speed answers the usual question and gets most; what a user feels is tested beside it.
constexpr double kSpeedShare = 0.8;
constexpr double kWholeShare = 0.15;
constexpr double kP95Share = 0.05;
// Factors on the nominal p: the boundaries suppose a Gaussian walk. Replays of recorded runs gave up to 1.3 % alarms
// with run totals where the fastest quarter gave none.
constexpr double kSpeedSafety = 0.8;
constexpr double kRunSafety = 0.7;
constexpr double kMostVoided = 0.3;
constexpr std::int64_t kMostEpochs = 500;
constexpr std::array<std::int64_t, 3> kPlannedAfter = {3, 5, 8};  // epochs
constexpr double kFaster = 0.9;          // epochs to come may be: the looks must not end before the budget does
constexpr std::size_t kQuarterFrom = 4;  // intervals that a fastest quarter needs
enum : std::size_t { kSpeed, kWhole, kP95 };

bool usable(const RunFigures& run) {
  const auto positive = [](double value) { return std::isfinite(value) && value > 0; };
  const auto interval = [](double value) { return std::isfinite(value) && value >= 0; };
  return positive(run.speed) && positive(run.whole) && std::ranges::all_of(run.intervals, interval);
}

bool counts(const PairFigures& pair) {
  return pair.void_reason.empty() && usable(pair.a) && usable(pair.b);
}

std::optional<double> p95(const std::vector<double>& intervals) {
  const auto least = stats::quantile_min_n(0.95, 0.95);
  if (!least || static_cast<std::int64_t>(intervals.size()) < *least) {
    return std::nullopt;
  }
  const auto value = stats::floor_percentile(intervals, 0.95);
  return value && *value > 0 ? value : std::nullopt;
}

// ln of B's p95 over A's, each of all intervals of the epoch: single runs have too few.
std::optional<double> p95_difference(const std::vector<const PairFigures*>& pairs) {
  std::vector<double> a;
  std::vector<double> b;
  for (const PairFigures* const pair : pairs) {
    a.insert(a.end(), pair->a.intervals.begin(), pair->a.intervals.end());
    b.insert(b.end(), pair->b.intervals.begin(), pair->b.intervals.end());
  }
  const auto p95_a = p95(a);
  const auto p95_b = p95(b);
  return p95_a && p95_b ? std::optional(std::log(*p95_b) - std::log(*p95_a)) : std::nullopt;
}

std::vector<double> differences(const std::vector<const PairFigures*>& pairs, double RunFigures::*figure) {
  std::vector<double> values;
  for (const PairFigures* const pair : pairs) {
    values.push_back(std::log(pair->b.*figure) - std::log(pair->a.*figure));
  }
  return values;
}

// ln of B's time over A's, all runs of the epoch together: a median would not see a stall in one run of four.
double total_difference(const std::vector<const PairFigures*>& pairs) {
  double a = 0;
  double b = 0;
  for (const PairFigures* const pair : pairs) {
    a += pair->a.whole;
    b += pair->b.whole;
  }
  return std::log(b) - std::log(a);
}

}  // namespace

RunFigures figures_of(const record::Run& run) {
  RunFigures figures;
  const double prefill = static_cast<double>(run.prefill_ns) / kNsPerMs;
  figures.speed = record::fast_quarter_ms(run).value_or(prefill);
  figures.whole = run.token_ns.empty() ? prefill : 1000 * record::gen_latency_s(run);
  figures.intervals = record::decode_intervals_ms(run);
  return figures;
}

EpochFigures figures_of(const record::PairEpoch& epoch) {
  EpochFigures figures;
  figures.steady = epoch.steady;
  figures.a_started = epoch.a_started;
  for (const record::RunPair& pair : epoch.pairs) {
    figures.pairs.push_back({figures_of(pair.a.run), figures_of(pair.b.run),
                             pair.voided_by.empty() ? std::string() : pair.voided_by.front(),
                             !pair.disturbed_by.empty()});
  }
  return figures;
}

Result<PairedTest> PairedTest::make(const PairedOptions& options) {
  const auto inside = [](double value) { return value > 0 && value < 0.5; };
  if (!inside(options.alpha)) {
    return fail(ErrorKind::usage, "alpha is {}; it must lie between 0 and 50 %", options.alpha);
  }
  if (!inside(options.margin)) {
    return fail(ErrorKind::usage, "margin is {}; it must lie between 0 and 50 %", options.margin);
  }
  if (!(options.floor >= 0)) {
    return fail(ErrorKind::usage, "floor is {}; it must not be negative", options.floor);
  }
  if (!(options.power > 0.5 && options.power < 1)) {
    return fail(ErrorKind::usage, "power is {}; it must lie between 50 and 100 %", options.power);
  }
  if (options.max_epochs < kFewestEpochs || options.max_epochs > kMostEpochs) {
    return fail(ErrorKind::usage, "max-epochs is {}; it must lie between {} and {}", options.max_epochs, kFewestEpochs,
                kMostEpochs);
  }
  return PairedTest(options);
}

PairedTest::PairedTest(const PairedOptions& options)
    : options_(options),
      planned_(stats::look_epochs(options.max_epochs)),
      planned_pairs_(options.turn_pairs > 0 ? options.turn_pairs : kFirstPairs) {
  StatisticRule rule;
  rule.margin = std::log1p(options.margin);
  rule.floor = std::log1p(std::min(options.floor, options.margin));
  rule.power = options.power;
  rule.looks = planned_;
  rule.seed = options.seed;
  const auto add = [&](std::string name, std::string figure, double share) {
    rule.name = std::move(name);
    rule.figure = std::move(figure);
    rule.alpha = share * options.alpha;
    statistics_.emplace_back(rule);
  };
  if (options.turn_pairs > 0) {
    rule.safety = kRunSafety;
    add("turn", "gen_latency_s", 1);
    return;
  }
  rule.safety = kSpeedSafety;
  add("speed", "fast_quarter_ms", kSpeedShare);
  rule.safety = kRunSafety;
  add("experience", "gen_latency_s", kWholeShare);
  rule.equivalence = false;
  add("experience", "p95_decode_ms", kP95Share);
}

void PairedTest::count_void(const std::string& reason, std::int64_t pairs) {
  void_reasons_[reason] += pairs;
  voided_ += pairs;
}

std::vector<const PairFigures*> used_pairs(const EpochFigures& epoch) {
  std::vector<const PairFigures*> used;
  for (const PairFigures& pair : epoch.pairs) {
    if (counts(pair)) {
      used.push_back(&pair);
    }
  }
  if (2 * used.size() < epoch.pairs.size()) {
    return {};
  }
  const auto disturbed = [](const PairFigures* pair) { return pair->disturbed; };
  if (std::ssize(used) - std::ranges::count_if(used, disturbed) >= kFewestPairs) {
    std::erase_if(used, disturbed);
  }
  return used;
}

void PairedTest::add_epoch(const EpochFigures& epoch) {
  const std::vector<const PairFigures*> used = used_pairs(epoch);
  std::int64_t good = 0;
  for (const PairFigures& pair : epoch.pairs) {
    if (!pair.void_reason.empty()) {
      count_void(pair.void_reason, 1);
    } else if (!counts(pair)) {
      count_void("a time that is not positive and finite", 1);
    } else {
      ++good;
    }
  }
  if (used.empty()) {
    ++voided_epochs_;
    if (good > 0) {
      count_void("most pairs of the epoch were left out", good);
    }
    return;
  }
  set_aside_ += good - std::ssize(used);
  if (options_.turn_pairs == 0 && epochs_ == 0 && used.front()->a.intervals.size() < kQuarterFrom) {
    statistics_[kSpeed].rename_figure("prefill");
  }
  pair_values_.push_back(differences(used, options_.turn_pairs > 0 ? &RunFigures::whole : &RunFigures::speed));
  statistics_[kSpeed].add(*stats::median(pair_values_.back()), epoch.a_started);
  if (options_.turn_pairs == 0) {
    statistics_[kWhole].add(total_difference(used), epoch.a_started);
    if (const auto tail = p95_difference(used)) {
      statistics_[kP95].add(*tail, epoch.a_started);
    }
  }
  ++epochs_;
  pairs_ += static_cast<std::int64_t>(used.size());
  unsteady_epochs_ += epoch.steady ? 0 : 1;
}

Decision PairedTest::look() {
  const bool fresh = looks_.empty() || looks_.back() < epochs_;
  const bool looks_now = fresh && std::ranges::binary_search(planned_, epochs_);
  return decide(looks_now, epochs_ >= options_.max_epochs);
}

Decision PairedTest::finish(std::string why) {
  why_last_ = std::move(why);
  const bool fresh = looks_.empty() || looks_.back() < epochs_;
  return decide(fresh && epochs_ >= planned_.front() && epochs_ <= options_.max_epochs, true);
}

Decision PairedTest::decide(bool looked, bool last) {
  if (last_.stop) {
    return last_;
  }
  if (looked) {
    looks_.push_back(epochs_);
  }
  for (StatisticTest& statistic : statistics_) {
    looked ? statistic.look(looks_, last) : statistic.run_on();
  }
  Decision decision;
  decision.looked = looked;
  for (const StatisticTest& statistic : statistics_) {
    decision.statistics.push_back(statistic.state());
  }
  decision.why = why_stop(looked, last);
  decision.stop = !decision.why.empty();
  conclude(decision);
  last_ = decision;
  return decision;
}

std::string PairedTest::last_reason() const {
  if (!why_last_.empty()) {
    return why_last_;
  }
  return cut_ ? fmt::format("the last of the {} epochs that the budget holds is done", options_.max_epochs)
              : "the last epoch is done";
}

std::string PairedTest::why_stop(bool looked, bool last) const {
  if (too_many_voids()) {
    return "the environment disturbed more than 30 % of the pairs, so they are left out";
  }
  if (looked && warm_up_trend()) {
    return "the processes never warmed up, and their difference drifts within epochs";
  }
  const auto decided = [](const StatisticTest& statistic) { return statistic.state().decided; };
  const auto differs = [](const StatisticTest& statistic) { return is_difference(statistic.state().verdict); };
  if (looked && std::ranges::any_of(statistics_, differs)) {
    return "decided";
  }
  const StatisticTest& speed = statistics_[kSpeed];
  if (decided(speed) && (options_.turn_pairs > 0 || !options_.wait_for_experience || decided(statistics_[kWhole]))) {
    const bool same = speed.state().verdict == Verdict::same;
    return same ? "decided" : (last ? last_reason() : "too noisy: no verdict in reach");
  }
  if (last) {
    return last_reason();
  }
  return "";
}

// The verdict of all: a difference in any statistic, unless two contradict each other; else what speed says.
void PairedTest::conclude(Decision& decision) const {
  decision.statistic = statistics_[kSpeed].state().name;
  if (decision.stop && (too_many_voids() || warm_up_trend())) {
    return;
  }
  decision.verdict = statistics_[kSpeed].state().verdict;
  for (const StatisticTest& statistic : statistics_) {
    const StatisticResult& state = statistic.state();
    if (!is_difference(state.verdict)) {
      continue;
    }
    if (is_difference(decision.verdict) && decision.verdict != state.verdict) {
      decision.verdict = Verdict::unclear;
      decision.why = "speed and experience contradict each other";
      return;
    }
    if (!is_difference(decision.verdict)) {
      decision.verdict = state.verdict;
      decision.statistic = state.name;
    }
  }
}

bool PairedTest::too_many_voids() const {
  const std::int64_t epochs = epochs_ + voided_epochs_;
  return epochs >= planned_.front() &&
         static_cast<double>(voided_) > kMostVoided * static_cast<double>(voided_ + pairs_);
}

// Change of ln(b / a) from the first to the last pair of an epoch, where some epoch was not steady and the change is
// clear (3 standard errors) and more than half of the margin; else nothing to worry about.
std::optional<double> PairedTest::warm_up_trend() const {
  if (unsteady_epochs_ == 0) {
    return std::nullopt;
  }
  std::vector<double> places;
  std::vector<double> values;
  std::size_t longest = 0;
  for (const std::vector<double>& pairs : pair_values_) {
    const double centre = *stats::mean(pairs);
    for (std::size_t i = 0; i < pairs.size(); ++i) {
      places.push_back(static_cast<double>(i));
      values.push_back(pairs[i] - centre);
    }
    longest = std::max(longest, pairs.size());
  }
  const auto trend = stats::slope(places, values);
  if (!trend || longest < 2 || std::abs(trend->value) <= 3 * trend->standard_error) {
    return std::nullopt;
  }
  const double change = trend->value * static_cast<double>(longest - 1);
  return std::abs(change) > std::log1p(options_.margin) / 2 ? std::optional(change) : std::nullopt;
}

std::optional<EpochSpread> PairedTest::spread() const {
  return spread_of(pair_values_, statistics_[kSpeed].values());
}

std::int64_t PairedTest::pairs_for_next_epoch(const EpochCosts& costs, std::optional<double> left_s) {
  const auto left = left_s ? std::optional(TimeLeft{*left_s, epochs_}) : std::nullopt;
  const std::int64_t most = left && costs.pair_s > 0 ? most_pairs(costs, *left) : kMostPairs;
  const bool plans = std::ranges::find(kPlannedAfter, epochs_) != kPlannedAfter.end() && planned_at_ < epochs_;
  if (const auto seen = spread(); plans && seen && costs.pair_s > 0) {
    planned_at_ = epochs_;
    planned_pairs_ = plan_pairs(costs, *seen, options_.margin, {most, options_.max_epochs, left});
    if (left_s && !std::exchange(fixed_, true)) {
      fix_most_epochs(costs, *left_s);
    }
  }
  return std::min(planned_pairs_, most);
}

void PairedTest::fix_most_epochs(const EpochCosts& costs, double left_s) {
  const double held = static_cast<double>(epochs_) + std::floor(left_s / (kFaster * costs.epoch_s(planned_pairs_)));
  if (held >= static_cast<double>(options_.max_epochs)) {
    return;
  }
  cut_ = options_.max_epochs > kFewestEpochs;
  options_.max_epochs = std::max(kFewestEpochs, static_cast<std::int64_t>(held));
  planned_ = stats::look_epochs(options_.max_epochs);
  for (StatisticTest& statistic : statistics_) {
    statistic.plan(planned_);
  }
}

std::optional<Forecast> PairedTest::forecast(const EpochCosts& costs) const {
  const auto seen = spread();
  if (epochs_ < kPlannedAfter.front() || !seen) {
    return std::nullopt;
  }
  const std::int64_t pairs = plan_pairs(costs, *seen, options_.margin, {kMostPairs, options_.max_epochs, std::nullopt});
  const std::int64_t epochs = statistics_[kSpeed].needed_epochs(seen->of_epoch(pairs));
  return Forecast{epochs, static_cast<double>(epochs) * costs.epoch_s(pairs)};
}

// Where the time of a comparison has to go, if its restarts differ by what the margin cannot bear.
void PairedTest::add_restarts(const EpochSpread& seen, std::vector<std::string>& notes) const {
  constexpr double kMuch = 0.8;
  const double share = seen.share_between(std::max<std::int64_t>(1, pairs_ / epochs_));
  if (share < kMuch || seen.between < std::log1p(options_.margin)) {
    return;
  }
  notes.push_back(fmt::format(
      "restarts differ more than runs do: {:.1f} % from epoch to epoch, {:.1f} % from pair to pair within one, {:.0f} "
      "% of the "
      "variance; each start draws the places of threads and memory anew, so more epochs help and more pairs do not",
      100 * seen.between, 100 * seen.within, 100 * share));
}

std::vector<std::string> PairedTest::notes() const {
  std::vector<std::string> notes;
  if (unsteady_epochs_ > 0) {
    notes.push_back(fmt::format("{} of {} epochs began before the processes were steady", unsteady_epochs_, epochs_));
  }
  if (const auto seen = spread(); seen && epochs_ >= kFewestEpochs) {
    add_restarts(*seen, notes);
  }
  if (options_.turn_pairs > 0) {
    return notes;
  }
  const StatisticResult& whole = statistics_[kWhole].state();
  if (last_.stop && statistics_[kSpeed].state().verdict == Verdict::same && whole.verdict == Verdict::unclear) {
    notes.emplace_back("the whole run was too noisy to be judged: \"same\" speaks of speed only");
  }
  if (epochs_ > 0 && static_cast<std::int64_t>(statistics_[kP95].values().size()) < epochs_) {
    notes.emplace_back("too few tokens in an epoch for a p95: at least 59 intervals of each side are needed");
  }
  return notes;
}

void PairedTest::describe(record::Comparison& comparison) const {
  comparison.verdict = last_.verdict;
  comparison.statistic = last_.statistic.empty() ? statistics_[kSpeed].state().name : last_.statistic;
  comparison.stopped = last_.why;
  comparison.statistics.clear();
  for (const StatisticTest& statistic : statistics_) {
    comparison.statistics.push_back(statistic.with_prospects());
  }
  comparison.alpha = options_.alpha;
  comparison.margin = options_.margin;
  comparison.epochs = epochs_;
  comparison.voided_epochs = voided_epochs_;
  comparison.pairs = pairs_;
  comparison.voided = voided_;
  comparison.set_aside = set_aside_;
  comparison.void_reasons = void_reasons_;
  comparison.coin_seed = options_.seed;
  comparison.notes = notes();
  comparison.sentence = sentence_of(comparison);
}

}  // namespace mia::judge
