// SPDX-License-Identifier: MIT
#include "judge/replay.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "stats/drift.h"
#include "stats/paired.h"
#include "stats/proportions.h"
#include "stats/random.h"

namespace mia::judge {
namespace {

using record::Verdict;

constexpr double kBoundsLevel = 0.95;
constexpr std::size_t kFewest = 5;

void multiply(RunFigures& run, double factor) {
  run.speed *= factor;
  run.whole *= factor;
  for (double& interval : run.intervals) {
    interval *= factor;
  }
}

// One epoch of the recording as a draw sees it.
EpochFigures drawn(const EpochFigures& epoch, const ReplayOptions& options, bool swap) {
  EpochFigures copy = epoch;
  copy.a_started = epoch.a_started != swap;
  for (PairFigures& pair : copy.pairs) {
    multiply(pair.b, 1 / (1 + options.recorded));
    if (swap) {
      std::swap(pair.a, pair.b);
    }
    multiply(pair.b, (1 + options.recorded) * (1 + options.slowdown));
  }
  return copy;
}

Share share_of(std::int64_t hits, std::int64_t of) {
  return {hits, of, stats::proportion_interval(hits, of, kBoundsLevel).value_or(stats::Interval{0, 1, kBoundsLevel})};
}

class Tally {
 public:
  void add(const PairedTest& test) {
    record::Comparison result;
    test.describe(result);
    ++whole_[result.verdict];
    for (const record::StatisticResult& figure : result.statistics) {
      ++figures_[figure.figure][figure.verdict];
    }
    epochs_ += result.epochs;
    pairs_ += result.pairs;
    ++draws_;
  }

  [[nodiscard]] ReplayResult result() const {
    ReplayResult result;
    result.draws = draws_;
    result.verdicts = shares(whole_);
    for (const auto& [figure, counts] : figures_) {
      result.figures[figure] = shares(counts);
    }
    if (draws_ > 0) {
      result.mean_epochs = static_cast<double>(epochs_) / static_cast<double>(draws_);
      result.mean_pairs = static_cast<double>(pairs_) / static_cast<double>(draws_);
    }
    return result;
  }

 private:
  using Counts = std::map<Verdict, std::int64_t>;

  [[nodiscard]] std::map<std::string, Share> shares(const Counts& counts) const {
    std::map<std::string, Share> shares;
    for (const auto& [verdict, name] : record::kVerdicts) {
      const auto at = counts.find(verdict);
      shares[std::string(name)] = share_of(at == counts.end() ? 0 : at->second, draws_);
    }
    return shares;
  }

  Counts whole_;
  std::map<std::string, Counts> figures_;
  std::int64_t epochs_ = 0;
  std::int64_t pairs_ = 0;
  std::int64_t draws_ = 0;
};

// The rules, each on as many runs per side as its tool's documentation says.
struct Rival {
  const char* rule;
  std::int64_t runs;
  stats::Claim (*claim)(std::span<const double> a, std::span<const double> b);
};
constexpr std::array<Rival, 4> kRivals{
    {{"llama-bench: mean ± sd do not touch", 5, stats::disjoint_deviations},
     {"Welch's t, 5 %", 5,
      [](std::span<const double> a, std::span<const double> b) { return stats::welch_claim(a, b, 0.05); }},
     {"Mann-Whitney U, 5 %", 10,
      [](std::span<const double> a, std::span<const double> b) { return stats::rank_claim(a, b, 0.05); }},
     {"hyperfine: ratio ± sd excludes 1", 10, stats::ratio_excludes_one}}};

// What the epoch gives to the health of its recording.
void read_pairs(const EpochFigures& epoch, TraceHealth& health, std::vector<double>& runs, std::vector<double>& pairs,
                std::vector<double>& epochs) {
  for (const PairFigures& pair : epoch.pairs) {
    if (!pair.void_reason.empty()) {
      ++health.voided[pair.void_reason];
    } else {
      runs.push_back(std::log(pair.a.speed));
      runs.push_back(std::log(pair.b.speed));
      health.disturbed += pair.disturbed ? 1 : 0;
    }
  }
  std::vector<double> values;
  for (const PairFigures* const pair : used_pairs(epoch)) {
    values.push_back(std::log(pair->b.speed) - std::log(pair->a.speed));
  }
  pairs.insert(pairs.end(), values.begin(), values.end());
  if (const auto middle = stats::median(values)) {
    epochs.push_back(*middle);
  }
}

}  // namespace

Result<ReplayResult> replay(std::span<const EpochFigures> trace, const ReplayOptions& options) {
  MIA_TRY_ASSIGN(const PairedTest fresh, PairedTest::make(options.test));
  if (trace.size() < kFewest) {
    return fail(ErrorKind::usage, "a recording of {} epochs is too short: at least {}", trace.size(), kFewest);
  }
  stats::Random random(options.seed);
  Tally tally;
  for (std::int64_t draw = 0; draw < options.draws; ++draw) {
    PairedTest test = fresh;
    std::size_t at = static_cast<std::size_t>(random.below(trace.size()));
    bool stop = false;
    // A recording that is shorter than a comparison may last ends it: no epoch counts twice.
    const std::int64_t most = std::min<std::int64_t>(options.test.max_epochs, std::ssize(trace));
    for (std::int64_t i = 0; i < most && !stop; ++i) {
      test.add_epoch(drawn(trace[at], options, options.coins && random.coin()));
      stop = test.look().stop;
      at = (at + 1) % trace.size();
    }
    if (!stop) {
      (void)test.finish("the recording is over");
    }
    tally.add(test);
  }
  return tally.result();
}

Result<ReplayResult> replay_once(std::span<const EpochFigures> trace, const PairedOptions& options) {
  MIA_TRY_ASSIGN(const PairedTest fresh, PairedTest::make(options));
  Tally tally;
  PairedTest test = fresh;
  for (const EpochFigures& epoch : trace) {
    test.add_epoch(epoch);
    if (test.look().stop) {
      tally.add(test);
      test = fresh;
    }
  }
  return tally.result();
}

std::vector<RivalResult> rivals(std::span<const double> run_times, double slowdown) {
  std::vector<RivalResult> results;
  for (const Rival& rival : kRivals) {
    const auto runs = static_cast<std::size_t>(rival.runs);
    std::int64_t slower = 0;
    std::int64_t any = 0;
    std::int64_t blocks = 0;
    for (std::size_t at = 0; at + 2 * runs <= run_times.size(); at += 2 * runs) {
      const auto a = run_times.subspan(at, runs);
      std::vector<double> b(run_times.begin() + static_cast<std::ptrdiff_t>(at + runs),
                            run_times.begin() + static_cast<std::ptrdiff_t>(at + 2 * runs));
      std::ranges::for_each(b, [&](double& value) { value *= 1 + slowdown; });
      const stats::Claim claim = rival.claim(a, b);
      slower += claim == stats::Claim::slower ? 1 : 0;
      any += claim != stats::Claim::none ? 1 : 0;
      ++blocks;
    }
    results.push_back({rival.rule, rival.runs, share_of(slower, blocks), share_of(any, blocks)});
  }
  return results;
}

TraceHealth health_of(std::span<const EpochFigures> trace) {
  constexpr std::int64_t kLags = 3;
  TraceHealth health;
  std::vector<double> runs;
  std::vector<double> pairs;
  std::vector<double> epochs;
  for (const EpochFigures& epoch : trace) {
    read_pairs(epoch, health, runs, pairs, epochs);
  }
  health.epochs = std::ssize(epochs);
  health.pairs = std::ssize(pairs);
  health.run_cv = stats::standard_deviation(runs).value_or(0);
  health.pair_sd = stats::standard_deviation(pairs).value_or(0);
  health.epoch_sd = stats::standard_deviation(epochs).value_or(0);
  if (const auto test = stats::t_test(epochs)) {
    health.effect = test->estimate;
    health.interval = stats::t_interval(*test, kBoundsLevel);
  }
  health.independence_p = stats::ljung_box_p(epochs, kLags);
  return health;
}

}  // namespace mia::judge
