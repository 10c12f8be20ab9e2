// SPDX-License-Identifier: MIT
// Racing of candidate settings: all are run once per block in random order, so drift hits all alike, and those that
// are clearly slower leave early. The race only proposes: its winner is lucky by selection, so a recommendation needs
// a fresh paired comparison with the current settings.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "judge/comparison.h"
#include "stats/random.h"

namespace mia::judge {

struct Candidate {
  std::string label;  // "n_threads=2"
  double cost = 0;    // what it takes (threads, bytes): of equally fast ones the cheaper stays
};

struct RaceOptions {
  double first_gap = 0.24;   // out after block 1: slower by more
  double second_gap = 0.07;  // out after block 2: both times slower by more
  double t_three = 4.5;      // out from block 3: paired t above this with three blocks,
  double t_later = 3.0;      // above this with more
  double equal_zone = 0.01;  // as fast as: mean + 1.5 se below this, from block 4
  std::int64_t max_blocks = 6;
};

enum class RaceState { racing, slower, as_fast, failed };
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
  // ln(time / leader's time) over the blocks both ran.
  [[nodiscard]] std::optional<double> gap(std::size_t candidate) const;
  [[nodiscard]] const std::vector<Candidate>& candidates() const { return candidates_; }
  [[nodiscard]] std::size_t incumbent() const { return incumbent_; }

 private:
  struct State {
    RaceState standing = RaceState::racing;
    std::vector<double> log_times;  // one per block until it left
  };
  void drop_slower(std::size_t best);
  void drop_as_fast(std::size_t best);
  [[nodiscard]] std::vector<double> paired(std::size_t candidate, std::size_t best) const;

  std::vector<Candidate> candidates_;
  std::size_t incumbent_;
  RaceOptions options_;
  std::vector<State> states_;
  std::int64_t blocks_ = 0;
};

struct Recommendation {
  bool change = false;
  std::string settings;  // "n_threads=2 n_batch=256"; "" keeps what is there
  std::string sentence;
};
// `confirmation`: the winner as B against the present settings as A, in a fresh session. Only "faster" recommends.
[[nodiscard]] Recommendation recommend(std::string settings, const record::Comparison& confirmation);

// Decode already reaches 95 % of what the memory's bandwidth allows: there is nothing to win.
[[nodiscard]] bool at_roofline(std::optional<double> efficiency);

}  // namespace mia::judge
