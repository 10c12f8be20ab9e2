// SPDX-License-Identifier: MIT
#include "worker/inject.h"

#include <chrono>
#include <cmath>
#include <random>
#include <thread>

namespace mia::worker {
namespace {

constexpr std::chrono::milliseconds kStall(50);
constexpr std::size_t kBufferWords = (std::size_t{256} << 20U) / sizeof(std::uint64_t);  // more than caches hold
constexpr double kBytesPerMb = 1e6;

// Allocated and touched once in a process, and only where a run asks for reading.
const std::vector<std::uint64_t>& buffer() {
  static const std::vector<std::uint64_t> words(kBufferWords, 1);
  return words;
}

// Reads on from where the last call ended.
void read_memory(std::size_t words) {
  static std::size_t at = 0;
  static volatile std::uint64_t sink = 0;
  const std::vector<std::uint64_t>& memory = buffer();
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < words; ++i) {
    sum += memory[at];
    at = at + 1 == kBufferWords ? 0 : at + 1;
  }
  sink = sink + sum;
}

// A share of `count` tokens, each by its own draw.
std::vector<bool> draw_stalls(double share, std::int64_t count, std::int64_t seed) {
  std::mt19937_64 random(static_cast<std::uint64_t>(seed) + 2);  // prompt and tokens use seed and seed + 1
  std::vector<bool> stalls;
  for (std::int64_t i = 0; i < count; ++i) {
    stalls.push_back(static_cast<double>(random() >> 11U) * 0x1p-53 < share);
  }
  return stalls;
}

}  // namespace

std::optional<Injector> Injector::make(const record::WorkloadSettings& workload, std::int64_t max_tokens,
                                       std::int64_t seed) {
  Injector injector;
  injector.slow_ = workload.inject_slow.value_or(0);
  injector.read_words_ =
      static_cast<std::size_t>(std::llround(workload.inject_read_mb.value_or(0) * kBytesPerMb / sizeof(std::uint64_t)));
  const double stall = workload.inject_stall.value_or(0);
  if (injector.slow_ <= 0 && injector.read_words_ == 0 && stall <= 0) {
    return std::nullopt;
  }
  injector.stalls_ = draw_stalls(stall, max_tokens, seed);
  if (injector.read_words_ > 0) {
    (void)buffer();  // its pages exist before the clock runs
  }
  return injector;
}

void Injector::stretch(std::int64_t began_ns) const {
  if (slow_ <= 0) {
    return;
  }
  const std::int64_t now = steady_ns();
  const std::int64_t end = now + std::llround(slow_ * static_cast<double>(now - began_ns));
  while (steady_ns() < end) {
  }
}

void Injector::after_token(std::int64_t began_ns) {
  if (read_words_ > 0) {
    read_memory(read_words_);
  }
  stretch(began_ns);
  if (token_ < stalls_.size() && stalls_[token_]) {
    std::this_thread::sleep_for(kStall);
  }
  ++token_;
}

}  // namespace mia::worker
