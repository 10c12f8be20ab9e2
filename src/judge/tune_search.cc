// SPDX-License-Identifier: MIT
#include "judge/tune_search.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "stats/paired.h"
#include "stats/summary.h"

namespace mia::judge {
namespace {

using record::Settings;
using record::TuneRace;
using record::TurnFigures;

// A miss of a limit weighs so much more than the same share of time. More would make noise count as a miss.
constexpr double kLimitWeight = 4;
constexpr double kLevelSure = 0.95;

std::optional<TurnFigures> median_of(const std::vector<TurnFigures>& turns) {
  if (turns.empty()) {
    return std::nullopt;
  }
  std::vector<double> whole;
  std::vector<double> first;
  std::vector<double> speed;
  for (const TurnFigures& turn : turns) {
    whole.push_back(turn.turn_s);
    first.push_back(turn.ttft_s);
    if (turn.decode_tok_s) {
      speed.push_back(*turn.decode_tok_s);
    }
  }
  return TurnFigures{*stats::median(whole), *stats::median(first), stats::median(speed)};
}

// One parameter's values against the settings so far.
class OneRace {
 public:
  OneRace(const Coordinate& coordinate, const Settings& incumbent, const SearchInput& input)
      : coordinate_(coordinate), input_(input) {
    const record::Value now = record::get(incumbent, *coordinate.field);
    const auto at = std::ranges::find(coordinate.levels, now, &record::Setting::value);
    levels_ = coordinate.levels;
    incumbent_ = static_cast<std::size_t>(at - coordinate.levels.begin());
    if (at == coordinate.levels.end()) {
      levels_.push_back({coordinate.field, now, ""});
    }
    for (std::size_t i = 0; i < levels_.size(); ++i) {
      Settings& settings = settings_.emplace_back(incumbent);
      record::set(settings, *coordinate.field, levels_[i].value);
      for (const record::Setting& companion : coordinate.with) {
        if (i != incumbent_) {
          record::set(settings, *companion.field, companion.value);
        }
      }
    }
    turns_.resize(levels_.size());
    why_.resize(levels_.size());
    equal_.resize(levels_.size());
  }

  Result<bool> run(TurnSource& source, stats::Random& random, std::int64_t& turns) {
    MIA_TRY_ASSIGN(const std::vector<Readiness> ready, source.begin(coordinate_, settings_, incumbent_));
    std::vector<Candidate> candidates;
    for (std::size_t i = 0; i < levels_.size(); ++i) {
      why_[i] = ready[i].why_not;
      equal_[i] = ready[i].equal;
      // Staying costs nothing; of equally fast others the smaller value stays.
      candidates.push_back(
          {record::describe(std::vector{levels_[i]}), i == incumbent_ ? 0 : 1.0 + static_cast<double>(i)});
    }
    race_.emplace(std::move(candidates), incumbent_);
    while (!race_->decided() && !source.over()) {
      std::vector<std::optional<double>> times(levels_.size());
      if (!run_block(source, random, times, turns)) {
        break;
      }
      race_->add_block(times);
      source.told(result());
    }
    return race_->decided();
  }

  [[nodiscard]] std::size_t winner() const { return race_->winner().value_or(incumbent_); }

  [[nodiscard]] bool all_failed() const { return race_ && !race_->leader(); }
  [[nodiscard]] const Settings& settings(std::size_t i) const { return settings_[i]; }
  [[nodiscard]] std::size_t incumbent() const { return incumbent_; }
  [[nodiscard]] std::optional<TurnFigures> turn(std::size_t i) const { return median_of(turns_[i]); }

  [[nodiscard]] TuneRace result() const {
    TuneRace found;
    found.field = coordinate_.field;
    found.blocks = race_->blocks();
    found.complete = race_->decided();
    found.noticeable = race_->noticeable();
    for (std::size_t i = 0; i < levels_.size(); ++i) {
      record::TunedLevel level;
      level.setting = levels_[i];
      level.incumbent = i == incumbent_;
      level.won = i == winner();
      level.standing = equal_[i].empty() ? std::string(name_of(race_->standing(i))) : "the same as " + equal_[i];
      level.why = why_[i];
      level.turn = turn(i);
      level.blocks = static_cast<std::int64_t>(turns_[i].size());
      if (!level.incumbent) {
        level.effects = race_->differences(i, incumbent_);
        level.effect = stats::mean(level.effects);
      }
      if (const auto test = stats::t_test(level.effects)) {
        const stats::Interval interval = stats::t_interval(*test, kLevelSure);
        level.low = interval.low;
        level.high = interval.high;
      }
      found.levels.push_back(std::move(level));
    }
    return found;
  }

 private:
  // False where a person or the budget ended it in the middle: half a block compares nothing.
  bool run_block(TurnSource& source, stats::Random& random, std::vector<std::optional<double>>& times,
                 std::int64_t& turns) {
    std::vector<std::pair<std::size_t, TurnFigures>> ran;
    for (const std::size_t i : race_->next_block(random)) {
      if (!why_[i].empty() || !equal_[i].empty()) {
        continue;
      }
      const auto turn = source.run(i, race_->blocks());
      if (!turn && source.over()) {
        return false;
      }
      if (!turn) {
        why_[i] = source.why();
        continue;
      }
      ++turns;
      times[i] = turn->turn_s * std::exp(kLimitWeight * shortfall(*turn, input_.limits));
      ran.emplace_back(i, *turn);
    }
    for (const auto& [i, turn] : ran) {
      turns_[i].push_back(turn);
    }
    return true;
  }

  const Coordinate& coordinate_;
  const SearchInput& input_;
  std::vector<record::Setting> levels_;
  std::vector<Settings> settings_;
  std::size_t incumbent_ = 0;
  std::optional<Race> race_;
  std::vector<std::vector<TurnFigures>> turns_;
  std::vector<std::string> why_;
  std::vector<std::string> equal_;
};

}  // namespace

double shortfall(const record::TurnFigures& turn, const record::TurnLimits& limits) {
  double missing = 0;
  if (limits.min_tok_s) {
    missing += turn.decode_tok_s ? std::max(0.0, std::log(*limits.min_tok_s / *turn.decode_tok_s)) : 1;
  }
  if (limits.max_ttft_s) {
    missing += std::max(0.0, std::log(turn.ttft_s / *limits.max_ttft_s));
  }
  return missing;
}

Result<SearchResult> search(const SearchInput& input, TurnSource& source) {
  SearchResult found;
  found.chosen = input.start;
  found.complete = true;
  stats::Random random(stats::mix(input.seed));
  for (const Coordinate& coordinate : input.space) {
    if (source.over()) {
      found.complete = false;
      break;
    }
    OneRace race(coordinate, found.chosen, input);
    MIA_TRY_ASSIGN(const bool ended, race.run(source, random, found.turns));
    found.complete = found.complete && ended;
    found.races.push_back(race.result());
    if (race.all_failed()) {
      break;
    }
    const std::size_t winner = race.winner();
    if (found.chosen == input.start && race.turn(race.incumbent())) {
      found.start_turn = race.turn(race.incumbent());
    }
    found.chosen = race.settings(winner);
    if (const auto turn = race.turn(winner)) {
      found.chosen_turn = turn;
    }
    if (found.chosen_turn && at_roofline(input.least_s, found.chosen_turn->turn_s)) {
      found.at_roofline = true;
      break;
    }
  }
  return found;
}

}  // namespace mia::judge
