// SPDX-License-Identifier: MIT
#include "measure/pairs.h"

#include <algorithm>
#include <utility>

#include "base/clock.h"
#include "host/conditions.h"
#include "host/pair_gates.h"
#include "proc/interrupt.h"
#include "record/metrics.h"

namespace mia::measure {
namespace {

using record::Outcome;
using record::PairEpoch;
using record::RunPair;
constexpr std::int64_t kFewestWarmUps = 2;
constexpr std::int64_t kFewestPrefillWarmUps = 4;
constexpr double kWarmUpLimitS = 20;      // of each arm
constexpr std::int64_t kMostRepeats = 2;  // of the pairs asked for
constexpr std::int64_t kFewestPairs = 3;  // whatever time they take
constexpr double kStillFaster = 1.1;      // a run this much faster than the one before: not warm yet

double seconds_since(std::int64_t began_ns) {
  return static_cast<double>(steady_ns() - began_ns) / kNsPerS;
}

double seconds_of(const record::Run& run) {
  return static_cast<double>(run.token_ns.empty() ? run.prefill_ns : run.token_ns.back()) / kNsPerS;
}

double speed_of(const record::Run& run) {
  return record::fast_quarter_ms(run).value_or(static_cast<double>(run.prefill_ns));
}

Outcome cancelled() {
  Outcome outcome;
  outcome.kind = record::OutcomeKind::cancelled;
  return outcome;
}

}  // namespace

// The processes of one epoch.
class PairRunner::Epoch {
 public:
  Epoch(PairRunner& runner, std::int64_t index, std::optional<double> most_s)
      : runner_(runner), spec_(runner.spec_), a_(spec_.a, runner.bench_), b_(spec_.b, runner.bench_), most_s_(most_s) {
    PairEpoch& epoch = end_.epoch;
    epoch.index = index;
    epoch.a_started = spec_.chance.a_starts(index);
    epoch.padding_a_bytes = spec_.chance.padding_bytes(index, false);
    epoch.padding_b_bytes = spec_.chance.padding_bytes(index, true);
  }

  Result<EpochEnd> run(std::int64_t pairs) {
    if (spec_.design == PairDesign::resident) {
      MIA_TRY(take_turns(pairs));
    } else {
      MIA_TRY(one_after_the_other(pairs));
    }
    for (const bool b : {false, true}) {
      if (end_.outcome.ok()) {
        (void)accept(arm(b).stop(), b);
      }
    }
    if (idle_wall_s_ > 0) {
      end_.epoch.idle_cpus = idle_cpu_s_ / idle_wall_s_;
    }
    runner_.effective_a_ = a_.effective();
    runner_.effective_b_ = b_.effective();
    return std::move(end_);
  }

 private:
  Status take_turns(std::int64_t pairs) {
    MIA_TRY_ASSIGN(const bool ready, start_both());
    if (!ready || !warm_up({false, true}, 0)) {
      return {};
    }
    end_.epoch.preparation_s = seconds_since(began_ns_);
    const std::int64_t pairs_began = steady_ns();
    for (std::int64_t pair = 0; goes_on(pairs); ++pair) {
      add_pair(pair, spec_.chance.a_first(end_.epoch.index, pair));
      const bool b_first = !end_.epoch.pairs.back().a_first;
      if (!turn(b_first) || !turn(!b_first)) {
        end_.epoch.pairs.pop_back();
        break;
      }
      judge_sensors(end_.epoch.pairs.back());
    }
    end_.epoch.pairs_s = seconds_since(pairs_began);
    return {};
  }

  // The second arm's process starts when the first one's is gone.
  Status one_after_the_other(std::int64_t pairs) {
    for (std::int64_t pair = 0; pair < pairs; ++pair) {
      add_pair(pair, end_.epoch.a_started);
    }
    const bool b_first = !end_.epoch.a_started;
    for (const bool b : {b_first, !b_first}) {
      const std::int64_t began = steady_ns();
      MIA_TRY_ASSIGN(const bool ready, start(b));
      const bool warm = ready && warm_up({b}, end_.epoch.warm_up_runs);
      end_.epoch.preparation_s += seconds_since(began);
      const std::int64_t runs_began = steady_ns();
      for (std::int64_t pair = 0; warm && pair < pairs && turn(b, pair); ++pair) {
      }
      end_.epoch.pairs_s += seconds_since(runs_began);
      if (!end_.outcome.ok() || !accept(arm(b).stop(), b)) {
        end_.epoch.pairs.clear();  // a pair without its other half is none
        return {};
      }
    }
    std::ranges::for_each(end_.epoch.pairs, [this](RunPair& pair) { judge_sensors(pair); });
    return {};
  }

  Result<bool> start_both() {
    const bool b_first = !end_.epoch.a_started;
    for (const bool b : {b_first, !b_first}) {
      MIA_TRY_ASSIGN(const bool ready, start(b));
      if (!ready) {
        return false;
      }
    }
    return true;
  }

  Result<bool> start(bool b) {
    tell(-1);
    MIA_TRY_ASSIGN(const Outcome outcome, arm(b).start(b ? end_.epoch.padding_b_bytes : end_.epoch.padding_a_bytes));
    return accept(outcome, b);
  }

  // Round after round while an arm still gets clearly faster; `runs` > 0: just so many. Every arm of an epoch does
  // equally many, so that neither is favoured.
  bool warm_up(const std::vector<bool>& arms, std::int64_t runs) {
    const std::int64_t most = spec_.a.settings.run.warmup_max.value_or(kFewestWarmUps);
    std::int64_t rounds = runs > 0 ? runs : std::min(most, kFewestWarmUps);
    double spent_s = 0;
    std::vector<double> before(arms.size(), 0);
    bool faster = false;
    std::int64_t round = 0;
    for (; round < rounds; ++round) {
      faster = false;
      for (std::size_t i = 0; i < arms.size(); ++i) {
        const auto answer = arm(arms[i]).run(spec_.chance.trace_seed(end_.epoch.index, -1 - round));
        if (!accept(answer.outcome, arms[i])) {
          return false;
        }
        const double now = speed_of(*answer.value);
        faster = faster || now * kStillFaster < before[i];
        before[i] = now;
        spent_s += seconds_of(*answer.value) / static_cast<double>(arms.size());
        rounds = runs > 0 || answer.value->token_ns.size() > 1 ? rounds : std::min(most, kFewestPrefillWarmUps);
      }
      const bool goes_on = runs == 0 && faster && round + 1 == rounds && spent_s < kWarmUpLimitS;
      rounds = goes_on ? std::min(most, rounds + 1) : rounds;
    }
    end_.epoch.warm_up_runs = round;
    end_.epoch.steady = !faster && (runs == 0 || end_.epoch.steady);
    return true;
  }

  void add_pair(std::int64_t index, bool a_first) {
    RunPair pair;
    pair.index = index;
    pair.a_first = a_first;
    pair.trace_seed = spec_.chance.trace_seed(end_.epoch.index, index);
    end_.epoch.pairs.push_back(std::move(pair));
  }

  bool turn(bool b) {
    if (b != end_.epoch.pairs.back().a_first) {
      tell(end_.epoch.pairs.back().index);
    }
    return turn(b, std::ssize(end_.epoch.pairs) - 1);
  }

  // One run of one arm between two readings of the sensors.
  bool turn(bool b, std::int64_t pair) {
    if (proc::interrupted()) {
      return accept(cancelled(), b);
    }
    RunPair& place = end_.epoch.pairs[static_cast<std::size_t>(pair)];
    record::ArmRun& into = b ? place.b : place.a;
    const double own_before = arm(b).cpu_seconds();
    const double idle_before = arm(!b).cpu_seconds();
    const host::Snapshot before = host::snapshot(runner_.bench_.gpu);
    auto answer = arm(b).run(place.trace_seed);
    const host::Snapshot after = host::snapshot(runner_.bench_.gpu);
    if (!accept(answer.outcome, b)) {
      return false;
    }
    const double idle_s = arm(!b).cpu_seconds() - idle_before;
    into.run = std::move(*answer.value);
    into.conditions = host::between(before, after, arm(b).cpu_seconds() - own_before + idle_s);
    if (!arm(b).own_process()) {
      into.conditions.other_cpu_s.reset();  // the server would count among the others
    }
    if (spec_.design == PairDesign::resident) {
      idle_cpu_s_ += idle_s;
      idle_wall_s_ += into.conditions.wall_s.value_or(0);
    }
    return true;
  }

  // Pairs that were disturbed are made good by others, unless all are: then no better ones can be had here.
  [[nodiscard]] bool goes_on(std::int64_t pairs) const {
    const auto done = std::ssize(end_.epoch.pairs);
    if (most_s_ && done >= kFewestPairs && seconds_since(began_ns_) >= *most_s_) {
      return false;
    }
    const auto good = std::ranges::count_if(
        end_.epoch.pairs, [](const RunPair& pair) { return pair.voided_by.empty() && pair.disturbed_by.empty(); });
    return done < pairs || (good > 0 && good < pairs && done < kMostRepeats * pairs);
  }

  void judge_sensors(RunPair& pair) const {
    if (a_.scripted() || b_.scripted()) {
      return;  // scripted times cannot be disturbed
    }
    const record::Machine& machine = runner_.bench_.machine;
    pair.voided_by = host::pair_voided_by(pair.a.conditions, pair.b.conditions, machine);
    pair.disturbed_by = host::pair_disturbed_by(pair.a.conditions, pair.b.conditions, machine);
    if (pair.a.run.major_faults.value_or(0) > 0 || pair.b.run.major_faults.value_or(0) > 0) {
      pair.voided_by.emplace_back("major faults");
    }
  }

  bool accept(const Outcome& outcome, bool b) {
    if (!outcome.ok()) {
      end_.outcome = outcome;
      end_.of_b = b;
      end_.log_tail = arm(b).log_tail();
    }
    return outcome.ok();
  }

  void tell(std::int64_t pair) const {
    if (runner_.on_run_) {
      runner_.on_run_(pair);
    }
  }

  Arm& arm(bool b) { return b ? b_ : a_; }

  PairRunner& runner_;
  const PairSpec& spec_;
  Arm a_;
  Arm b_;
  std::optional<double> most_s_;
  std::int64_t began_ns_ = steady_ns();
  EpochEnd end_;
  double idle_cpu_s_ = 0;
  double idle_wall_s_ = 0;
};

std::string_view name_of(PairDesign design) {
  return design == PairDesign::resident ? "resident pairs" : "alternating processes";
}

PairRunner::PairRunner(const PairSpec& spec, Bench& bench, std::function<void(std::int64_t)> on_run)
    : spec_(spec), bench_(bench), on_run_(std::move(on_run)) {}

Result<EpochEnd> PairRunner::run_epoch(std::int64_t epoch, std::int64_t pairs, std::optional<double> most_s) {
  return Epoch(*this, epoch, most_s).run(pairs);
}

std::int64_t resident_bytes(const ArmSpec& a, const ArmSpec& b) {
  const record::ModelInfo& of_a = a.subject.model;
  const record::ModelInfo& of_b = b.subject.model;
  const auto mapped = [](const ArmSpec& arm) { return arm.settings.llm.load_mode.value_or("mmap") == "mmap"; };
  const bool shared = of_a.path == of_b.path && mapped(a) && mapped(b);
  return shared ? of_a.file_bytes : of_a.file_bytes + of_b.file_bytes;
}

}  // namespace mia::measure
