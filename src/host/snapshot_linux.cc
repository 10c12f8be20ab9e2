// SPDX-License-Identifier: MIT
#include <unistd.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "host/conditions.h"
#include "host/cpus.h"
#include "host/memory.h"
#include "host/text_file.h"

namespace mia::host {
namespace fs = std::filesystem;
namespace {

std::optional<double> mean_frequency_mhz(const std::vector<fs::path>& cpus) {
  constexpr double kKiloToMega = 1e-3;
  double sum = 0;
  int count = 0;
  for (const fs::path& cpu : cpus) {
    if (const auto khz = parse_count(text_of(cpu / "cpufreq/scaling_cur_freq")); khz && *khz > 0) {
      sum += static_cast<double>(*khz) * kKiloToMega;
      ++count;
    }
  }
  return count > 0 ? std::optional(sum / count) : std::nullopt;
}

// Each CPU repeats its package's counter: the largest is taken once, the cores' own are added.
std::optional<std::int64_t> throttle_events(const std::vector<fs::path>& cpus) {
  std::optional<std::int64_t> cores;
  std::int64_t package = 0;
  for (const fs::path& cpu : cpus) {
    if (const auto count = parse_count(text_of(cpu / "thermal_throttle/core_throttle_count"))) {
      cores = cores.value_or(0) + *count;
    }
    package = std::max(package, parse_count(text_of(cpu / "thermal_throttle/package_throttle_count")).value_or(0));
  }
  return cores ? std::optional(*cores + package) : std::nullopt;
}

std::optional<double> pressure(const fs::path& root, std::string_view resource) {
  return parse_pressure_some_s(text_of(root / "proc/pressure" / resource));
}

}  // namespace

std::vector<fs::path> cpu_folders(const fs::path& root) {
  std::vector<fs::path> found;
  std::error_code code;
  for (fs::directory_iterator at(root / "sys/devices/system/cpu", code), end; !code && at != end; at.increment(code)) {
    const std::string name = at->path().filename().string();
    if (name.starts_with("cpu") && parse_count(std::string_view(name).substr(3))) {
      found.push_back(at->path());
    }
  }
  return found;
}

Snapshot snapshot(GpuMonitor* gpu, const fs::path& root) {
  Snapshot seen;
  seen.at_ns = steady_ns();
  // A recorded machine is another one: our own affinity says nothing about its CPUs.
  seen.cpu = parse_proc_stat(text_of(root / "proc/stat"), static_cast<double>(::sysconf(_SC_CLK_TCK)),
                             root == "/" ? affinity() : std::set<std::int64_t>());
  seen.psi_cpu_some_s = pressure(root, "cpu");
  seen.psi_memory_some_s = pressure(root, "memory");
  seen.psi_io_some_s = pressure(root, "io");
  seen.load1 = parse_load1(text_of(root / "proc/loadavg"));
  const std::vector<fs::path> cpus = cpu_folders(root);
  seen.frequency_mhz = mean_frequency_mhz(cpus);
  seen.throttle_events = throttle_events(cpus);
  seen.available_bytes = available_memory_bytes(root);
  seen.swap_in_pages = parse_vmstat(text_of(root / "proc/vmstat"), "pswpin");
  if (gpu != nullptr) {
    seen.gpus = gpu->read();
  }
  return seen;
}

}  // namespace mia::host
