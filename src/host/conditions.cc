// SPDX-License-Identifier: MIT
#include "host/conditions.h"

#include <algorithm>

#include <fmt/format.h>

namespace mia::host {
namespace {

using record::Gates;

constexpr double kPercent = 100;
// The bit that stands for heat when only the counter saw it.
constexpr std::int64_t kThermalSlowdown = 0x20;

// A counter that runs backwards was reset: nothing is known.
template <class T>
std::optional<T> difference(const std::optional<T>& before, const std::optional<T>& after) {
  return before && after && *after >= *before ? std::optional<T>(*after - *before) : std::nullopt;
}

// A mask that changed meanwhile leaves sums of different CPUs, which cannot be subtracted.
bool same_cpus(const Snapshot& before, const Snapshot& after) {
  return before.cpu && after.cpu && before.cpu->cpus == after.cpu->cpus;
}

std::optional<double> others_cpu(const Snapshot& before, const Snapshot& after, std::optional<double> own_cpu_s) {
  if (!same_cpus(before, after) || !own_cpu_s) {
    return std::nullopt;
  }
  const double busy = after.cpu->busy_s - before.cpu->busy_s;
  // The two clocks tick differently (10 ms and ns): a small negative rest is rounding.
  return busy >= 0 ? std::optional(std::max(0.0, busy - *own_cpu_s)) : std::nullopt;
}

bool heat_counted(const Snapshot& before, const Snapshot& after) {
  for (std::size_t i = 0; i < std::min(before.gpus.size(), after.gpus.size()); ++i) {
    const auto ns = difference(before.gpus[i].thermal_violation_ns, after.gpus[i].thermal_violation_ns);
    if (ns.value_or(0) > 0) {
      return true;
    }
  }
  return false;
}

// What the gates share: the trial's sensors, its length and the limits.
struct Trial {
  const record::Conditions& seen;
  const Gates& gates;
  double wall_s;
};

void check_steal(const Trial& trial, std::vector<std::string>& reasons) {
  const double stolen = trial.seen.steal_s.value_or(0);
  if (stolen >= trial.gates.steal_least_s && stolen > trial.gates.steal_of_wall * trial.wall_s) {
    reasons.push_back(fmt::format("the hypervisor took {:.2f} s of CPU time within {:.1f} s, limit {:.0f} %", stolen,
                                  trial.wall_s, trial.gates.steal_of_wall * kPercent));
  }
}

void check_others(const Trial& trial, std::vector<std::string>& reasons) {
  if (!trial.seen.other_cpu_s) {
    return;
  }
  const double others = *trial.seen.other_cpu_s / trial.wall_s;
  const double pressure = trial.seen.psi_cpu_some_s.value_or(0) / trial.wall_s;
  if (others > trial.gates.other_cpus) {
    reasons.push_back(fmt::format("other programs used {:.2f} CPUs, limit {:.2f}", others, trial.gates.other_cpus));
  } else if (others > trial.gates.other_cpus_pressed && pressure > trial.gates.pressure_share) {
    reasons.push_back(fmt::format(
        "other programs used {:.2f} CPUs while something waited for a CPU {:.0f} % of the time, limit {:.0f} %", others,
        pressure * kPercent, trial.gates.pressure_share * kPercent));
  }
}

void check_memory(const Trial& trial, std::vector<std::string>& reasons) {
  if (const auto pages = trial.seen.swap_in_pages; pages && *pages > 0) {
    reasons.push_back(fmt::format("{} pages came back from swap: memory is too small for what runs here", *pages));
  }
  const double pressure = trial.seen.psi_memory_some_s.value_or(0) / trial.wall_s;
  if (pressure > trial.gates.pressure_share) {
    reasons.push_back(fmt::format("something waited for memory {:.0f} % of the time, limit {:.0f} %",
                                  pressure * kPercent, trial.gates.pressure_share * kPercent));
  }
}

void check_heat(const Trial& trial, std::vector<std::string>& reasons) {
  if (const auto events = trial.seen.throttle_events; events && *events > 0) {
    reasons.push_back(fmt::format("the CPU throttled {} times because of heat", *events));
  }
  if (const auto mask = trial.seen.gpu_throttle_reasons; mask && throttle_voids(*mask)) {
    reasons.push_back(fmt::format("the GPU slowed down: {}", describe_throttle_reasons(*mask)));
  }
}

void check_bandwidth(const record::Conditions& seen, const Gates& gates, std::vector<std::string>& reasons) {
  if (!seen.canary_before_gb_s || !seen.canary_after_gb_s || !gates.bandwidth) {
    return;
  }
  if (std::max(*seen.canary_before_gb_s, *seen.canary_after_gb_s) < gates.bandwidth->least_gb_s) {
    reasons.push_back(fmt::format(
        "memory gave {:.1f} GB/s before and {:.1f} GB/s after the trial, usually {:.1f}, "
        "limit {:.1f}",
        *seen.canary_before_gb_s, *seen.canary_after_gb_s, gates.bandwidth->gb_s, gates.bandwidth->least_gb_s));
  }
}

}  // namespace

record::Conditions between(const Snapshot& before, const Snapshot& after, std::optional<double> own_cpu_s) {
  constexpr double kNsPerSecond = 1e9;
  record::Conditions seen;
  seen.wall_s = static_cast<double>(after.at_ns - before.at_ns) / kNsPerSecond;
  if (same_cpus(before, after)) {
    if (!after.cpu->cpus.empty()) {
      seen.watched_cpus = std::ssize(after.cpu->cpus);
    }
    seen.steal_s = difference(std::optional(before.cpu->steal_s), std::optional(after.cpu->steal_s));
  }
  seen.psi_cpu_some_s = difference(before.psi_cpu_some_s, after.psi_cpu_some_s);
  seen.psi_memory_some_s = difference(before.psi_memory_some_s, after.psi_memory_some_s);
  seen.psi_io_some_s = difference(before.psi_io_some_s, after.psi_io_some_s);
  seen.other_cpu_s = others_cpu(before, after, own_cpu_s);
  seen.load1 = before.load1;
  seen.frequency_mhz_before = before.frequency_mhz;
  seen.frequency_mhz_after = after.frequency_mhz;
  seen.throttle_events = difference(before.throttle_events, after.throttle_events);
  seen.free_memory_bytes = before.available_bytes;
  seen.swap_in_pages = difference(before.swap_in_pages, after.swap_in_pages);
  add_gpu(seen, summarize({before.gpus, after.gpus}));
  if (heat_counted(before, after)) {
    seen.gpu_throttle_reasons = seen.gpu_throttle_reasons.value_or(0) | kThermalSlowdown;
  }
  return seen;
}

void add_gpu(record::Conditions& conditions, const GpuSummary& summary) {
  if (summary.samples == 0) {
    return;
  }
  conditions.gpu_sm_clock_mhz = summary.sm_clock_mhz;
  conditions.gpu_memory_clock_mhz = summary.memory_clock_mhz;
  conditions.gpu_temperature_c = summary.temperature_c;
  conditions.gpu_power_w = summary.power_w;
  conditions.gpu_memory_used_bytes = summary.memory_used_bytes;
  conditions.gpu_pcie_generation = summary.pcie_generation;
  if (summary.throttle_reasons) {
    conditions.gpu_throttle_reasons = conditions.gpu_throttle_reasons.value_or(0) | *summary.throttle_reasons;
  }
}

std::vector<std::string> voided_by(const record::Conditions& conditions, const Gates& gates) {
  std::vector<std::string> reasons;
  const double wall_s = conditions.wall_s.value_or(0);
  if (wall_s > 0) {
    const Trial trial{conditions, gates, wall_s};
    check_steal(trial, reasons);
    check_others(trial, reasons);
    check_memory(trial, reasons);
    check_heat(trial, reasons);
  }
  check_bandwidth(conditions, gates, reasons);
  return reasons;
}

}  // namespace mia::host
