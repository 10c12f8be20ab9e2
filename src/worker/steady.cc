// SPDX-License-Identifier: MIT
#include "worker/steady.h"

#include <algorithm>
#include <cstddef>

#include "record/metrics.h"
#include "stats/summary.h"

namespace mia::worker {
namespace {

constexpr std::size_t kWindow = 3;

double typical_ms(const record::Run& run) {
  return stats::median(record::decode_intervals_ms(run)).value_or(record::gen_latency_s(run));
}

}  // namespace

bool is_steady(std::span<const record::Run> runs) {
  if (runs.size() < kWindow) {
    return false;
  }
  double least = typical_ms(runs.back());
  double most = least;
  for (const record::Run& run : runs.last(kWindow)) {
    const double value = typical_ms(run);
    least = std::min(least, value);
    most = std::max(most, value);
  }
  return most <= least * (1.0 + kSteadySpread);
}

bool warm_up_done(std::span<const record::Run> runs, std::int64_t max_runs) {
  if (static_cast<std::int64_t>(runs.size()) >= max_runs || is_steady(runs)) {
    return true;
  }
  std::int64_t total_ns = 0;
  for (const record::Run& run : runs) {
    total_ns += run.token_ns.empty() ? run.prefill_ns : run.token_ns.back();
  }
  return runs.size() >= 2 && total_ns >= kWarmUpLimitNs;
}

}  // namespace mia::worker
