// SPDX-License-Identifier: MIT
// Which settings make one turn of a use shortest: one parameter after the other, its values raced against the settings
// found so far (judge/tuning.h). Where the times come from is another's business: resident workers, or a recorded grid.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "judge/tuning.h"
#include "record/tuning.h"

namespace mia::judge {

// The values of one parameter, from the one that needs the least memory on.
struct Coordinate {
  const record::Field* field = nullptr;  // never nullptr
  std::vector<record::Setting> levels;
  bool grows = false;  // memory grows with the value: what is above one that ran out of memory is not tried
  std::vector<record::Setting> with = {};  // what every value but the present one is raced with
};

// Whether a candidate can run at all.
struct Readiness {
  std::string why_not;  // "" it can
  std::string equal;    // what it came out the same as; "" it is one of its own
};

class TurnSource {
 public:
  TurnSource() = default;
  TurnSource(const TurnSource&) = delete;
  TurnSource& operator=(const TurnSource&) = delete;
  virtual ~TurnSource() = default;
  // The candidates of one race, the settings found so far at `incumbent`; ends those of the race before. An error only
  // where nothing can be measured at all.
  virtual Result<std::vector<Readiness>> begin(const Coordinate& coordinate,
                                               std::span<const record::Settings> candidates, std::size_t incumbent) = 0;
  // nullopt where it failed; why() then tells.
  virtual std::optional<record::TurnFigures> run(std::size_t candidate, std::int64_t block) = 0;
  [[nodiscard]] virtual std::string why() const = 0;
  // A person or the budget ends the search.
  virtual bool over() = 0;
  // What is known of the race after each block.
  virtual void told(const record::TuneRace& race) = 0;
};

// By how much a turn misses the limits, as ln; 0 where it meets them.
[[nodiscard]] double shortfall(const record::TurnFigures& turn, const record::TurnLimits& limits);

struct SearchResult {
  record::Settings chosen;
  std::optional<record::TurnFigures> start_turn;  // medians of the last race in which each took part
  std::optional<record::TurnFigures> chosen_turn;
  std::vector<record::TuneRace> races;
  std::int64_t turns = 0;    // measured
  bool complete = false;     // every parameter was raced to its end
  bool at_roofline = false;  // ended because nothing was left to win
};

struct SearchInput {
  std::vector<Coordinate> space;
  record::Settings start;
  record::TurnLimits limits;
  std::uint64_t seed = 1;
  double least_s = 0;  // shortest possible turn, 0 where it is not known
};
[[nodiscard]] Result<SearchResult> search(const SearchInput& input, TurnSource& source);

}  // namespace mia::judge
