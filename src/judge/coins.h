// SPDX-License-Identifier: MIT
// Who goes first. A fair coin decides the first pair, the second mirrors it (ABBA or BAAB), then a new coin: the sign
// of each difference is random by design, which is what makes the tests valid, and a trend within two pairs cancels.
#pragma once

#include <cstdint>
#include <vector>

namespace mia::judge {

// A pure function of the seed, so that coins can be logged as one number and replayed in any order.
class CoinPlan {
 public:
  explicit CoinPlan(std::uint64_t seed) : seed_(seed) {}

  [[nodiscard]] std::uint64_t seed() const { return seed_; }
  // Indices count from 0.
  [[nodiscard]] bool a_first(std::int64_t epoch, std::int64_t pair) const;
  // Whose process and file come first in the epoch; every second epoch mirrors the one before it.
  [[nodiscard]] bool a_starts(std::int64_t epoch) const;
  // Bytes of padding (0..4095) for the environment of an arm's process in the epoch: sets its memory layout anew.
  [[nodiscard]] std::int64_t padding_bytes(std::int64_t epoch, bool arm_b) const;
  // Seed of the random tokens of a pair: the same for both arms.
  [[nodiscard]] std::int64_t trace_seed(std::int64_t epoch, std::int64_t pair) const;

 private:
  std::uint64_t seed_;
};

}  // namespace mia::judge
