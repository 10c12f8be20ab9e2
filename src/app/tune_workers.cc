// SPDX-License-Identifier: MIT
#include "app/tune_workers.h"

#include <algorithm>
#include <cmath>

#include "base/clock.h"
#include "base/text.h"
#include "host/memory.h"
#include "judge/epoch_plan.h"
#include "measure/resolve.h"
#include "proc/interrupt.h"
#include "record/metrics.h"
#include "stats/random.h"
#include "stats/summary.h"

namespace mia::app {
namespace {

constexpr double kWarmUps = 2;
constexpr std::int64_t kMostPairs = 4;

double seconds_since(std::int64_t began_ns) {
  return static_cast<double>(steady_ns() - began_ns) / kNsPerS;
}

std::string percent(double ln) {
  return fmt::format("{:+.1f} %", 100 * std::expm1(ln));
}

std::string line_of(const record::TuneRace& race) {
  std::vector<std::string> racing;
  for (const record::TunedLevel& level : race.levels) {
    if (level.standing == "undecided") {
      racing.push_back(record::to_text(level.setting.value) + (level.effect ? " " + percent(*level.effect) : ""));
    }
  }
  return fmt::format("{}: block {}, in the race: {}", race.field->name, race.blocks, join(racing, ", "));
}

}  // namespace

ProofPlan plan_proof(const TurnCosts& costs, double seconds) {
  ProofPlan plan;
  for (const bool whole : {true, false}) {
    const double turns_s = whole ? costs.turn_s : costs.raced_s;
    const judge::EpochCosts epoch{2 * costs.start_s + kWarmUps * turns_s, turns_s};
    plan.pairs = std::clamp<std::int64_t>(judge::pairs_within(epoch, seconds, judge::kFewestEpochs), 1, kMostPairs);
    plan.whole = whole;
    plan.seconds = judge::planned_s(epoch, plan.pairs, judge::kFewestEpochs);
    if (plan.seconds <= seconds) {
      return plan;
    }
  }
  return plan;
}

double race_s(const TurnCosts& costs, double budget_s) {
  constexpr double kMostProof = 0.6;
  constexpr double kLeastRace = 0.25;
  const double left_s = budget_s - plan_proof(costs, kMostProof * budget_s).seconds;
  return left_s < kLeastRace * budget_s ? budget_s : left_s;
}

std::int64_t raced_answer(const record::Use& use) {
  constexpr std::int64_t kTokens = 32;
  return std::min(use.answer, kTokens);
}

TuneWorkers::TuneWorkers(measure::ArmSpec spec, record::Use use, measure::Bench& bench, Observer& observer,
                         std::uint64_t seed)
    : spec_(std::move(spec)), use_(std::move(use)), bench_(bench), observer_(observer), seed_(seed) {}

TuneWorkers::~TuneWorkers() = default;

Result<record::Outcome> TuneWorkers::start(Place& place) {
  place.arm = std::make_unique<measure::Arm>(place.spec, bench_);
  const std::int64_t began_ns = steady_ns();
  MIA_TRY_ASSIGN(record::Outcome outcome, place.arm->start(0));
  costs_.start_s = seconds_since(began_ns);
  if (outcome.ok()) {
    outcome = place.arm->run(static_cast<std::int64_t>(stats::mix(seed_) >> 33U)).outcome;  // warm-up
  }
  return outcome;
}

Result<std::vector<judge::Readiness>> TuneWorkers::begin(const judge::Coordinate& coordinate,
                                                         std::span<const record::Settings> candidates,
                                                         std::size_t incumbent) {
  end();
  ++races_begun_;
  told_.clear();
  incumbent_ = incumbent;
  for (const record::Settings& settings : candidates) {
    Place& place = places_.emplace_back();
    place.spec = spec_;
    place.spec.settings = settings;
    place.spec.settings.workload.max_tokens = raced_answer(use_);
    place.label =
        fmt::format("{}={}", coordinate.field->name, record::to_text(record::get(settings, *coordinate.field)));
  }
  std::vector<judge::Readiness> ready(candidates.size());
  std::vector<std::size_t> order = {incumbent};
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    if (i != incumbent) {
      order.push_back(i);
    }
  }
  std::string full;  // of the candidate that ran out of memory
  for (const std::size_t i : order) {
    if (over()) {
      break;
    }
    if (!full.empty() && coordinate.grows) {
      ready[i].why_not = fmt::format("not tried: {} ran out of memory", full);
      continue;
    }
    doing_ = "starting " + places_[i].label;
    observer_.doing(doing_, i == incumbent);
    MIA_TRY_ASSIGN(ready[i], make_ready(i));
    if (!ready[i].why_not.empty() && !over()) {
      observer_.say(fmt::format("{} fell out: {}", places_[i].label, ready[i].why_not));
      full = ready[i].why_not.starts_with("out of memory") ? places_[i].label : "";
    }
  }
  return ready;
}

Result<judge::Readiness> TuneWorkers::make_ready(std::size_t index) {
  Place& place = places_[index];
  judge::Readiness ready;
  MIA_TRY_ASSIGN(record::Outcome outcome, start(place));
  const bool alone = std::ranges::count_if(places_, [](const Place& other) { return other.arm != nullptr; }) == 1;
  if (outcome.kind == record::OutcomeKind::out_of_memory && !alone) {
    for (Place& other : places_) {
      other.arm.reset();
    }
    MIA_TRY_ASSIGN(outcome, start(place));
    if (outcome.ok() && std::exchange(resident_, false)) {
      observer_.say("memory does not hold the candidates together: each is started for every turn");
    }
  }
  if (!outcome.ok()) {
    ready.why_not = record::describe(outcome);
    place.arm.reset();
    return ready;
  }
  ready.equal = equal_to(index);
  if (!ready.equal.empty() || !resident_) {
    (void)place.arm->stop();
    place.arm.reset();
  }
  return ready;
}

// Auto threads may be those that another candidate names.
std::string TuneWorkers::equal_to(std::size_t index) const {
  const auto known = [](const Place& place) {
    return measure::known_settings(place.spec.settings, place.arm->effective()).llm;
  };
  for (std::size_t i = 0; i < places_.size(); ++i) {
    if (i != index && places_[i].arm && known(places_[i]) == known(places_[index])) {
      return places_[i].label;
    }
  }
  return {};
}

std::optional<record::TurnFigures> TuneWorkers::run(std::size_t candidate, std::int64_t block) {
  Place& place = places_[candidate];
  if (!place.arm) {
    const auto started = start(place);
    if (!started || !started->ok()) {
      why_ = started ? record::describe(*started) : started.error().text();
      place.arm.reset();
      return std::nullopt;
    }
  }
  const auto seed = static_cast<std::int64_t>(stats::mix(seed_ ^ static_cast<std::uint64_t>(block + 1)) >> 33U);
  const std::int64_t began_ns = steady_ns();
  const auto answer = place.arm->run(seed);
  const double wall_s = seconds_since(began_ns);
  if (!answer.outcome.ok()) {
    why_ = record::describe(answer.outcome);
    if (!over()) {
      observer_.say(fmt::format("{} fell out: {}", place.label, why_));
    }
    place.arm.reset();
    return std::nullopt;
  }
  if (!resident_) {
    (void)place.arm->stop();
    place.arm.reset();
  }
  const record::TurnFigures turn = whole_turn(*answer.value);
  const double raced_s = record::gen_latency_s(*answer.value);
  if (candidate == incumbent_ && raced_s > 0) {
    const double turn_s = wall_s * turn.turn_s / raced_s;
    present_ = races_begun_ == 1 ? TurnCosts{0, turn_s, wall_s} : present_;
    costs_.turn_s = present_.turn_s + turn_s;
    costs_.raced_s = present_.raced_s + wall_s;
  }
  return turn;
}

record::TurnFigures TuneWorkers::whole_turn(const record::Run& run) const {
  record::TurnFigures turn;
  turn.ttft_s = record::ttft_ms(run).value_or(0) / 1000;
  turn.decode_tok_s = record::decode_tok_s(run);
  const double per_token_s = turn.decode_tok_s && *turn.decode_tok_s > 0 ? 1 / *turn.decode_tok_s : 0;
  turn.turn_s = turn.ttft_s + static_cast<double>(use_.answer - 1) * per_token_s;
  return turn;
}

void TuneWorkers::begin_within(double budget_s) {
  began_ns_ = steady_ns();
  budget_s_ = budget_s;
}

bool TuneWorkers::over() {
  return proc::interrupted() || seconds_since(began_ns_) >= race_s(costs_, budget_s_);
}

void TuneWorkers::told(const record::TuneRace& race) {
  observer_.doing(line_of(race), race.blocks == 1);
  for (std::size_t i = 0; i < race.levels.size(); ++i) {
    const record::TunedLevel& level = race.levels[i];
    told_.resize(race.levels.size());
    if (level.standing != "undecided" && told_[i].empty() && places_[i].arm) {
      (void)places_[i].arm->stop();
      places_[i].arm.reset();
      observer_.say(fmt::format("{} fell out after block {}: {}{}", places_[i].label, race.blocks, level.standing,
                                level.effect ? " (" + percent(*level.effect) + ")" : ""));
    }
    told_[i] = level.standing == "undecided" ? "" : level.standing;
  }
}

void TuneWorkers::end() {
  for (Place& place : places_) {
    if (place.arm) {
      (void)place.arm->stop();
    }
  }
  places_.clear();
}

}  // namespace mia::app
