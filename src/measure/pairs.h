// SPDX-License-Identifier: MIT
// Pairs of runs of two arms, epoch by epoch. Both processes are started anew for each epoch and warmed up alike; then
// the arms take turns, and what the machine did during each single run stands beside it. Nothing is judged here.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "measure/arm.h"
#include "record/outcome.h"
#include "record/pairs.h"

namespace mia::measure {

// What is left to chance, as functions of the place, so that this room knows no coins. Indices count from 0.
struct PairChance {
  std::function<bool(std::int64_t epoch, std::int64_t pair)> a_first;
  std::function<bool(std::int64_t epoch)> a_starts;  // which process of the epoch is started first
  std::function<std::int64_t(std::int64_t epoch, bool arm_b)> padding_bytes;
  std::function<std::int64_t(std::int64_t epoch, std::int64_t pair)> trace_seed;  // of both runs' random tokens
};

// Two resident processes, or one after the other where memory holds only one: all runs of an arm, then all of the
// other.
enum class PairDesign { resident, alternating };
[[nodiscard]] std::string_view name_of(PairDesign design);  // "resident pairs", "alternating processes"

struct PairSpec {
  ArmSpec a;
  ArmSpec b;
  PairChance chance;
  PairDesign design = PairDesign::resident;
};

// A whole epoch, or what there was of it when an arm ended.
struct EpochEnd {
  record::PairEpoch epoch;
  record::Outcome outcome;
  bool of_b = false;  // whose outcome
  std::string log_tail;
};

class PairRunner {
 public:
  // The spec and the bench must outlive it. `on_run` is told the pair about to be run, from 0; -1 before the first.
  PairRunner(const PairSpec& spec, Bench& bench, std::function<void(std::int64_t pair)> on_run = {});

  // Resident pairs go on until so many were undisturbed, at most twice as many, and only where some are. With `most_s`
  // no pair beyond the third begins so many seconds after the epoch did. An error only where nothing can be measured at
  // all. Both processes are gone afterwards.
  [[nodiscard]] Result<EpochEnd> run_epoch(std::int64_t epoch, std::int64_t pairs,
                                           std::optional<double> most_s = std::nullopt);
  // As the runtimes told in the last epoch.
  [[nodiscard]] const record::Settings& effective_a() const { return effective_a_; }
  [[nodiscard]] const record::Settings& effective_b() const { return effective_b_; }

 private:
  class Epoch;
  const PairSpec& spec_;
  Bench& bench_;
  std::function<void(std::int64_t)> on_run_;
  record::Settings effective_a_;
  record::Settings effective_b_;
};

// Memory that both arms need at once, from the sizes of the files; a mapped file that both read is there once.
[[nodiscard]] std::int64_t resident_bytes(const ArmSpec& a, const ArmSpec& b);

}  // namespace mia::measure
