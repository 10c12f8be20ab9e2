// SPDX-License-Identifier: MIT
// Turns of candidates on this machine: each candidate is a worker that stays with its model loaded, and they take
// turns. Where memory does not hold them together, each is started for every turn.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "app/observer.h"
#include "judge/tune_search.h"
#include "measure/arm.h"
#include "record/tuning.h"

namespace mia::app {

// Wall times of what a proof compares: the present settings and those found so far.
struct TurnCosts {
  double start_s = 0;  // process, model and context of one
  double turn_s = 0;   // one whole turn of each, together; 0: not known yet
  double raced_s = 0;  // the same with the answer that the race writes
};

// How the proof fits into the budget: it needs 5 epochs to reach its first look, each with two fresh processes that
// take two turns to warm up.
struct ProofPlan {
  std::int64_t pairs = 1;  // of an epoch
  bool whole = true;       // else its turns are as those of the race
  double seconds = 0;      // with a quarter to spare
};
// Of 4 pairs down to 1, then with the turns of the race, the first that fits into so many seconds; else the shortest.
[[nodiscard]] ProofPlan plan_proof(const TurnCosts& costs, double seconds);
// Wall time of the race: what a proof of 60 % of the budget at most leaves. All of it where no proof leaves a quarter.
[[nodiscard]] double race_s(const TurnCosts& costs, double budget_s);
// Tokens that the race writes of an answer; the others take as long as these on average.
[[nodiscard]] std::int64_t raced_answer(const record::Use& use);

class TuneWorkers : public judge::TurnSource {
 public:
  // `spec`: runtime, model and workload of all.
  TuneWorkers(measure::ArmSpec spec, record::Use use, measure::Bench& bench, Observer& observer, std::uint64_t seed);
  ~TuneWorkers() override;

  // The clock of the budget begins.
  void begin_within(double budget_s);
  Result<std::vector<judge::Readiness>> begin(const judge::Coordinate& coordinate,
                                              std::span<const record::Settings> candidates,
                                              std::size_t incumbent) override;
  std::optional<record::TurnFigures> run(std::size_t candidate, std::int64_t block) override;
  [[nodiscard]] std::string why() const override { return why_; }
  bool over() override;
  void told(const record::TuneRace& race) override;
  void end();
  [[nodiscard]] const TurnCosts& costs() const { return costs_; }
  [[nodiscard]] bool one_at_a_time() const { return !resident_; }

 private:
  struct Place {
    measure::ArmSpec spec;
    std::unique_ptr<measure::Arm> arm;
    std::string label;
  };
  [[nodiscard]] Result<record::Outcome> start(Place& place);
  [[nodiscard]] Result<judge::Readiness> make_ready(std::size_t index);
  [[nodiscard]] std::string equal_to(std::size_t index) const;
  // The answer's other tokens take as long as those written.
  [[nodiscard]] record::TurnFigures whole_turn(const record::Run& run) const;

  measure::ArmSpec spec_;
  record::Use use_;
  measure::Bench& bench_;
  Observer& observer_;
  std::uint64_t seed_;
  std::int64_t began_ns_ = 0;
  double budget_s_ = 0;
  TurnCosts costs_;
  TurnCosts present_;  // of the present settings alone
  std::int64_t races_begun_ = 0;
  std::size_t incumbent_ = 0;
  std::vector<Place> places_;
  bool resident_ = true;
  std::string doing_;
  std::string why_;
  std::vector<std::string> told_;
};

}  // namespace mia::app
