// SPDX-License-Identifier: MIT
#include "host/pair_gates.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "host/gpu.h"
#include "record/gates.h"

namespace mia::host {
namespace {

struct Gap {
  double share = 0;    // difference of the shares of the runs' own time
  double seconds = 0;  // the larger run's surplus over what the smaller share would be
};

// How unequally two runs were hit by something that is counted in CPU seconds.
Gap gap_of(const std::optional<double>& seconds_a, double wall_a, const std::optional<double>& seconds_b,
           double wall_b) {
  if (!seconds_a || !seconds_b || wall_a <= 0 || wall_b <= 0) {
    return {};
  }
  const double difference = *seconds_a / wall_a - *seconds_b / wall_b;
  return {std::abs(difference), std::abs(difference) * (difference > 0 ? wall_a : wall_b)};
}

}  // namespace

std::vector<std::string> pair_voided_by(const record::Conditions& a, const record::Conditions& b,
                                        const record::Machine& machine, const PairGates& gates) {
  std::vector<std::string> reasons;
  const double wall_a = a.wall_s.value_or(0);
  const double wall_b = b.wall_s.value_or(0);
  const double cpus = record::counted_cpus(a, machine);
  const Gap steal = gap_of(a.steal_s, wall_a, b.steal_s, wall_b);
  if (steal.share > gates.steal_gap * cpus && steal.seconds >= gates.steal_least_s) {
    reasons.emplace_back("steal");
  }
  const Gap others = gap_of(a.other_cpu_s, wall_a, b.other_cpu_s, wall_b);
  if (others.share > gates.others_gap && others.seconds >= gates.others_least_s) {
    reasons.emplace_back("other programs");
  }
  const auto either = [&](const auto& test) { return test(a, wall_a) || test(b, wall_b); };
  if (either([&](const record::Conditions& seen, double wall) {
        return seen.psi_memory_some_s.value_or(0) > gates.memory_pressure * wall;
      })) {
    reasons.emplace_back("memory pressure");
  }
  if (either([](const record::Conditions& seen, double) { return seen.swap_in_pages.value_or(0) > 0; })) {
    reasons.emplace_back("swap");
  }
  if (either([](const record::Conditions& seen, double) { return seen.throttle_events.value_or(0) > 0; })) {
    reasons.emplace_back("CPU heat");
  }
  if (either([](const record::Conditions& seen, double) {
        return throttle_voids(seen.gpu_throttle_reasons.value_or(0));
      })) {
    reasons.emplace_back("GPU slowdown");
  }
  return reasons;
}

std::vector<std::string> pair_disturbed_by(const record::Conditions& a, const record::Conditions& b,
                                           const record::Machine& machine, const PairGates& gates) {
  const double cpus = record::counted_cpus(a, machine);
  const auto hit = [](const std::optional<double>& seconds, const std::optional<double>& wall_s, double share,
                      double least_s) {
    return seconds.value_or(0) >= least_s && seconds.value_or(0) > share * wall_s.value_or(0);
  };
  std::vector<std::string> reasons;
  if (hit(a.steal_s, a.wall_s, gates.steal_share * cpus, gates.steal_least_s) ||
      hit(b.steal_s, b.wall_s, gates.steal_share * cpus, gates.steal_least_s)) {
    reasons.emplace_back("steal");
  }
  if (hit(a.other_cpu_s, a.wall_s, gates.others_cpus, gates.others_least_s) ||
      hit(b.other_cpu_s, b.wall_s, gates.others_cpus, gates.others_least_s)) {
    reasons.emplace_back("other programs");
  }
  return reasons;
}

}  // namespace mia::host
