// SPDX-License-Identifier: MIT
#include "judge/coins.h"

#include "stats/random.h"

namespace mia::judge {
namespace {

enum class Use : std::uint64_t { first = 1, start, padding_a, padding_b, trace };

// Independent bits for each use, epoch and place.
std::uint64_t bits(std::uint64_t seed, Use use, std::int64_t epoch, std::int64_t place) {
  std::uint64_t value = stats::mix(seed ^ static_cast<std::uint64_t>(use));
  value = stats::mix(value ^ static_cast<std::uint64_t>(epoch));
  return stats::mix(value ^ static_cast<std::uint64_t>(place));
}

}  // namespace

bool CoinPlan::a_first(std::int64_t epoch, std::int64_t pair) const {
  const bool coin = (bits(seed_, Use::first, epoch, pair / 2) >> 63U) != 0;
  return pair % 2 == 0 ? coin : !coin;
}

bool CoinPlan::a_starts(std::int64_t epoch) const {
  const bool coin = (bits(seed_, Use::start, epoch / 2, 0) >> 63U) != 0;
  return epoch % 2 == 0 ? coin : !coin;
}

std::int64_t CoinPlan::padding_bytes(std::int64_t epoch, bool arm_b) const {
  return static_cast<std::int64_t>(bits(seed_, arm_b ? Use::padding_b : Use::padding_a, epoch, 0) >> 52U);
}

std::int64_t CoinPlan::trace_seed(std::int64_t epoch, std::int64_t pair) const {
  return static_cast<std::int64_t>(bits(seed_, Use::trace, epoch, pair) >> 33U);  // fits every seed type
}

}  // namespace mia::judge
