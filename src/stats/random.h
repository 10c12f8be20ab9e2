// SPDX-License-Identifier: MIT
// Random numbers that are the same on every machine and standard library: xoshiro256** (Blackman, Vigna 2018), state
// filled by splitmix64, and own ways to draw from it. std::shuffle and the std distributions differ between libraries,
// and a recorded seed must replay.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

namespace mia::stats {

// One step of splitmix64: a good mixing of any 64 bits.
[[nodiscard]] std::uint64_t mix(std::uint64_t value);

class Random {
 public:
  explicit Random(std::uint64_t seed);

  [[nodiscard]] std::uint64_t next();
  [[nodiscard]] double uniform();                          // [0, 1), 53 bits
  [[nodiscard]] std::uint64_t below(std::uint64_t bound);  // [0, bound) without bias; 0 when bound is 0
  [[nodiscard]] bool coin() { return (next() >> 63U) != 0; }

  // Every order equally likely (Fisher-Yates).
  template <class T, std::size_t kExtent>
  void shuffle(std::span<T, kExtent> items) {
    for (std::size_t i = items.size(); i > 1; --i) {
      std::swap(items[i - 1], items[static_cast<std::size_t>(below(i))]);
    }
  }

 private:
  std::array<std::uint64_t, 4> state_;
};

}  // namespace mia::stats
