// SPDX-License-Identifier: MIT
// Racing of candidate settings: all are run once per block in random order, so drift hits all alike, and those that
// are clearly slower leave early. The incumbent stays until the paired differences of the blocks show that another is
// faster. The race only proposes: its winner is lucky by selection, so a recommendation needs a fresh paired comparison
// with the current settings.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "stats/random.h"

namespace mia::judge {

struct Candidate {
  std::string label;  // "n_threads=2"
  double cost = 0;    // what it takes (threads, bytes): of equally fast ones the cheaper stays
};

struct RaceOptions {
  double second_gap = 0.07;  // out after block 2: both times slower by more. One block may be a disturbance
  double t_three = 4.5;      // out from block 3: paired t above this with three blocks,
  double t_later = 3.0;      // above this with more
  double equal_zone = 0.01;  // as fast as: mean + 1.5 se below this, from block 4
  // The incumbent goes where one is faster by at least `least_gain`, at one-sided paired t with `chance` of doing so
  // wrongly in the race, shared among the others and the blocks (Bonferroni).
  double chance = 0.01;
  double least_gain = 0.02;
  std::int64_t max_blocks = 16;
  std::int64_t enough_blocks = 6;  // once the incumbent is gone
};

// `no_gain`: from block 4 also one 1.5 standard errors faster would not show a gain by the last block.
enum class RaceState { racing, slower, no_gain, as_fast, failed };
[[nodiscard]] std::string_view name_of(RaceState standing);

class Race {
 public:
  // `incumbent` indexes the candidates; it takes part like the others.
  Race(std::vector<Candidate> candidates, std::size_t incumbent, RaceOptions options = {});

  // Candidates still racing, in random order: run each once.
  [[nodiscard]] std::vector<std::size_t> next_block(stats::Random& random) const;
  // Times (less is better) by candidate index; nullopt or a time that is not positive and finite takes a racing
  // candidate out as failed. Entries of candidates that left are ignored.
  void add_block(std::span<const std::optional<double>> times);

  [[nodiscard]] bool decided() const;
  // Fastest of those still racing, by the mean of ln over their blocks; nullopt when all failed. Before the first
  // block the incumbent.
  [[nodiscard]] std::optional<std::size_t> leader() const;
  [[nodiscard]] RaceState standing(std::size_t candidate) const { return states_[candidate].standing; }
  [[nodiscard]] std::int64_t blocks() const { return blocks_; }
  // ln(time / the other's time) of each block that both ran.
  [[nodiscard]] std::vector<double> differences(std::size_t candidate, std::size_t other) const;
  // The incumbent while it races, else the leader.
  [[nodiscard]] std::optional<std::size_t> winner() const;
  // Smallest gain over the incumbent, as ln, that this race finds in four of five cases by its last block; nullopt
  // before three blocks of another.
  [[nodiscard]] std::optional<double> noticeable() const;

 private:
  struct State {
    RaceState standing = RaceState::racing;
    std::vector<double> log_times;  // one per block until it left
  };
  void drop_slower(std::size_t best);
  void drop_hopeless();
  [[nodiscard]] bool shows_gain(std::size_t candidate) const;
  [[nodiscard]] double share_of_a_look() const;
  [[nodiscard]] double critical_t(std::int64_t blocks) const;
  void drop_as_fast(std::size_t best);

  std::vector<Candidate> candidates_;
  std::size_t incumbent_;
  RaceOptions options_;
  std::vector<State> states_;
  std::int64_t blocks_ = 0;
};

// Decoding the answer as fast as the memory's bandwidth allows would take 95 % of the turn's time: nothing is left to
// win.
[[nodiscard]] bool at_roofline(double least_s, double turn_s);

}  // namespace mia::judge
