// SPDX-License-Identifier: MIT
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <string>
#include <string_view>
#include <thread>

#include "base/clock.h"
#include "base/text.h"
#include "host/cgroup.h"
#include "host/conditions.h"
#include "host/memory.h"
#include "host/page_cache.h"
#include "host/preflight.h"
#include "host/text_file.h"

namespace mia::host {
namespace fs = std::filesystem;
namespace {

constexpr auto kWatched = std::chrono::seconds(1);

double seconds_of(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
}

double own_cpu_s() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime);
}

std::optional<double> clock_step_ns() {
  constexpr int kReadings = 2000;
  std::int64_t least = std::numeric_limits<std::int64_t>::max();
  std::int64_t last = steady_ns();
  for (int i = 0; i < kReadings; ++i) {
    const std::int64_t now = steady_ns();
    if (now > last) {
      least = std::min(least, now - last);
    }
    last = now;
  }
  return least < std::numeric_limits<std::int64_t>::max() ? std::optional(static_cast<double>(least)) : std::nullopt;
}

std::optional<bool> on_battery() {
  std::optional<bool> discharging;
  std::error_code code;
  for (fs::directory_iterator at("/sys/class/power_supply", code), end; !code && at != end; at.increment(code)) {
    if (trim(text_of(at->path() / "type")) == "Battery" && trim(text_of(at->path() / "scope")) != "Device") {
      discharging = discharging.value_or(false) || trim(text_of(at->path() / "status")) == "Discharging";
    }
  }
  return discharging;
}

// A file that holds 0 or another number.
std::optional<bool> flag_of(const fs::path& path) {
  const auto value = parse_count(text_of(path));
  return value ? std::optional(*value != 0) : std::nullopt;
}

std::optional<bool> turbo() {
  if (const auto off = flag_of("/sys/devices/system/cpu/intel_pstate/no_turbo")) {
    return !*off;
  }
  return flag_of("/sys/devices/system/cpu/cpufreq/boost");
}

std::optional<std::int64_t> swap_used() {
  const std::string text = text_of("/proc/meminfo");
  const auto total = parse_meminfo(text, "SwapTotal");
  const auto free = parse_meminfo(text, "SwapFree");
  return total && free ? std::optional(std::max<std::int64_t>(0, *total - *free)) : std::nullopt;
}

std::optional<std::string> word_of(const fs::path& path) {
  const std::string text = text_of(path);
  return text.empty() ? std::nullopt : std::optional(one_line(trim(text), 64));
}

void look_at_model(const record::ModelInfo& model, record::PreflightFacts& facts) {
  const std::vector<fs::path> files = files_of(model);
  facts.model_bytes = model.file_bytes;
  facts.can_evict = std::ranges::all_of(files, can_evict);
  facts.residency_known = resident_fraction(files).has_value();
}

}  // namespace

record::PreflightFacts observe(const record::ModelInfo* model, GpuMonitor& gpu) {
  record::PreflightFacts facts;
  const Snapshot before = snapshot(&gpu);
  const double own = own_cpu_s();
  std::this_thread::sleep_for(kWatched);
  const Snapshot after = snapshot(&gpu);
  facts.second = between(before, after, own_cpu_s() - own);
  for (const GpuState& state : after.gpus) {
    const std::int64_t reasons = state.throttle_reasons.value_or(0);
    facts.gpus.push_back({state.index, state.processes, state.throttle_reasons,
                          throttle_voids(reasons) ? describe_throttle_reasons(reasons) : std::string()});
  }
  facts.gpu_reason = gpu.reason();
  std::error_code code;
  facts.gpu_device = fs::exists("/proc/driver/nvidia", code);
  facts.load1 = after.load1;
  facts.pressure_seen = after.psi_cpu_some_s.has_value();
  facts.swap_used_bytes = swap_used();
  facts.cgroup_cpus = cgroup_limits().cpus;
  facts.available_bytes = after.available_bytes;
  facts.huge_pages = parse_bracketed(text_of("/sys/kernel/mm/transparent_hugepage/enabled"));
  facts.clock_source = word_of("/sys/devices/system/clocksource/clocksource0/current_clocksource");
  facts.clock_step_ns = clock_step_ns();
  facts.on_battery = on_battery();
  facts.numa_balancing = flag_of("/proc/sys/kernel/numa_balancing");
  facts.turbo = turbo();
  if (model != nullptr) {
    look_at_model(*model, facts);
  }
  return facts;
}

}  // namespace mia::host
