// SPDX-License-Identifier: MIT
#include "judge/preflight.h"

#include <algorithm>
#include <cmath>
#include <map>

#include <fmt/format.h>

#include "base/text.h"
#include "record/gates.h"

namespace mia::judge {
namespace {

using record::GpuAtRest;
using record::PreflightFacts;
using record::Severity;

constexpr double kInPercent = 100;

class Preflight {
 public:
  Preflight(const record::Machine& machine, const PreflightFacts& facts) : machine_(machine), facts_(facts) {}

  std::vector<record::Finding> all() {
    check_clock_rate();
    check_cpus();
    check_load();
    check_stalls();
    check_memory();
    check_page_cache();
    check_numa();
    check_timer();
    check_gpus();
    check_sensors();
    std::ranges::stable_sort(findings_, std::ranges::greater(), &record::Finding::severity);
    return std::move(findings_);
  }

 private:
  void add(std::string id, Severity severity, std::string text, std::map<std::string, std::string> evidence) {
    findings_.push_back({std::move(id), severity, std::move(text), std::move(evidence)});
  }

  void check_clock_rate() {
    if (!machine_.governor.empty() && machine_.governor != "performance") {
      add("governor_not_performance", Severity::warning,
          fmt::format("the CPU governor is '{}', so the clock follows the load; cure: cpupower frequency-set -g "
                      "performance",
                      machine_.governor),
          {{"governor", machine_.governor}});
    }
    if (facts_.on_battery.value_or(false)) {
      add("on_battery", Severity::warning, "the machine runs on its battery and may clock down; cure: plug it in",
          {{"power_supply", "Discharging"}});
    }
    if (facts_.turbo.value_or(false)) {
      add("turbo_on", Severity::info,
          "the CPU may clock above its nominal rate while it is cool, so first results can be better than later ones; "
          "cure: switch boost off when small differences matter",
          {{"turbo", "on"}});
    }
  }

  void check_cpus() {
    if (machine_.logical_cpus && machine_.physical_cores && *machine_.logical_cpus > *machine_.physical_cores) {
      add("smt_on", Severity::info,
          fmt::format("{} cores show as {} CPUs; more than {} threads share cores and seldom decode faster",
                      *machine_.physical_cores, *machine_.logical_cpus, *machine_.physical_cores),
          {{"physical_cores", std::to_string(*machine_.physical_cores)},
           {"logical_cpus", std::to_string(*machine_.logical_cpus)}});
    }
    if (facts_.cgroup_cpus && *facts_.cgroup_cpus < static_cast<double>(machine_.logical_cpus.value_or(INT32_MAX))) {
      add("cpu_quota", Severity::warning,
          fmt::format("the control group allows {:.2f} CPUs: more threads than that are stopped in every period; cure: "
                      "n_threads = {:.0f} or a larger quota",
                      *facts_.cgroup_cpus, std::max(1.0, std::floor(*facts_.cgroup_cpus))),
          {{"cpus", fmt::format("{:.2f}", *facts_.cgroup_cpus)}});
    } else if (machine_.allowed_cpus && machine_.logical_cpus && *machine_.allowed_cpus < *machine_.logical_cpus) {
      add("affinity_limited", Severity::info,
          fmt::format("this process may use {} of {} CPUs, llama.cpp may count all of them; cure: set n_threads",
                      *machine_.allowed_cpus, *machine_.logical_cpus),
          {{"allowed_cpus", std::to_string(*machine_.allowed_cpus)}});
    }
    if (!machine_.virtualization.empty()) {
      add("virtual_machine", Severity::info,
          fmt::format("this is {}: neighbours share its memory bandwidth, which neither steal nor pressure shows; the "
                      "canary (run.canary) does",
                      machine_.virtualization),
          {{"virtualization", machine_.virtualization}});
    }
  }

  void check_load() {
    constexpr double kBusyCpus = 0.25;
    const double wall = facts_.second.wall_s.value_or(0);
    if (!(wall > 0) || !facts_.second.other_cpu_s || *facts_.second.other_cpu_s <= kBusyCpus * wall) {
      return;
    }
    add("machine_busy", Severity::warning,
        fmt::format("other programs use {:.2f} CPUs right now; cure: stop them or wait",
                    *facts_.second.other_cpu_s / wall),
        {{"other_cpus", fmt::format("{:.2f}", *facts_.second.other_cpu_s / wall)},
         {"load1", facts_.load1 ? fmt::format("{:.2f}", *facts_.load1) : "unknown"}});
  }

  void check_stalls() {
    const record::Gates gates;
    const double wall = facts_.second.wall_s.value_or(0);
    if (!(wall > 0)) {
      return;
    }
    const double cpus = record::counted_cpus(facts_.second, machine_);
    const double steal = facts_.second.steal_s.value_or(0);
    if (steal >= gates.steal_least_s && steal > gates.steal_of_wall * wall) {
      add("steal", Severity::warning,
          fmt::format("the hypervisor takes {:.1f} % of the CPU time; cure: dedicated CPUs, or measure at another time",
                      steal / (wall * cpus) * kInPercent),
          {{"steal_s", fmt::format("{:.2f}", steal)}});
    }
    const double waiting = facts_.second.psi_cpu_some_s.value_or(0) / wall;
    if (waiting > gates.pressure_share) {
      add("cpu_pressure", Severity::warning,
          fmt::format("something waits for a CPU {:.0f} % of the time although nothing is measured yet; cure: stop "
                      "other programs",
                      waiting * kInPercent),
          {{"psi_cpu_some_share", fmt::format("{:.3f}", waiting)}});
    }
  }

  void check_memory() {
    const double wall = facts_.second.wall_s.value_or(0);
    const double waiting = wall > 0 ? facts_.second.psi_memory_some_s.value_or(0) / wall : 0;
    if (facts_.second.swap_in_pages.value_or(0) > 0 || waiting > record::Gates{}.pressure_share) {
      add("memory_pressure", Severity::problem, "the machine is short of memory and pages; cure: close programs",
          {{"swap_in_pages", std::to_string(facts_.second.swap_in_pages.value_or(0))},
           {"psi_memory_some_share", fmt::format("{:.3f}", waiting)}});
    } else if (facts_.swap_used_bytes.value_or(0) > 0) {
      add("swap_in_use", Severity::info,
          fmt::format("{} lie in swap; when they come back during a trial it is void",
                      human_bytes(*facts_.swap_used_bytes)),
          {{"swap_used_bytes", std::to_string(*facts_.swap_used_bytes)}});
    }
    if (facts_.model_bytes && facts_.available_bytes && *facts_.model_bytes > *facts_.available_bytes) {
      add("model_larger_than_memory", Severity::problem,
          fmt::format("the model has {} but only {} are available: it will be read from disk again and again; cure: a "
                      "smaller quantization or more memory",
                      human_bytes(*facts_.model_bytes), human_bytes(*facts_.available_bytes)),
          {{"model_bytes", std::to_string(*facts_.model_bytes)},
           {"available_bytes", std::to_string(*facts_.available_bytes)}});
    }
    if (facts_.huge_pages && *facts_.huge_pages == "never") {
      add("huge_pages_off", Severity::info,
          "transparent huge pages are off, which costs some bandwidth; cure: madvise in "
          "/sys/kernel/mm/transparent_hugepage/enabled",
          {{"transparent_hugepage", "never"}});
    }
  }

  void check_page_cache() {
    if (facts_.can_evict && !*facts_.can_evict) {
      add("page_cache_uncontrolled", Severity::warning,
          "files beside the model cannot be dropped from the page cache, so no load is cold; cure: keep the model on a "
          "file system on disk",
          {{"evicted", "no"}});
    }
    if (facts_.residency_known && !*facts_.residency_known) {
      add("page_cache_unseen", Severity::warning,
          "the kernel does not say which pages of the model are in memory, so cache states stay unknown; cure: measure "
          "as the owner of the file",
          {{"mincore", "not permitted"}});
    }
  }

  void check_numa() {
    if (machine_.numa_nodes.value_or(1) < 2) {
      return;
    }
    const bool moves = facts_.numa_balancing.value_or(false);
    add("numa", moves ? Severity::warning : Severity::info,
        fmt::format("{} NUMA nodes: memory on the wrong one halves the bandwidth{}; cure: numactl --cpunodebind=0 "
                    "--membind=0{}",
                    *machine_.numa_nodes, moves ? ", and the kernel moves pages while measuring" : "",
                    moves ? " and kernel.numa_balancing=0" : ""),
        {{"numa_nodes", std::to_string(*machine_.numa_nodes)}, {"numa_balancing", moves ? "on" : "off or unknown"}});
  }

  void check_timer() {
    constexpr double kCoarseNs = 1000;
    if (facts_.clock_step_ns && *facts_.clock_step_ns > kCoarseNs) {
      add("coarse_timer", Severity::warning,
          fmt::format("the steady clock moves in steps of {}; cure: clocksource=tsc",
                      human_seconds(*facts_.clock_step_ns * 1e-9)),
          {{"step_ns", fmt::format("{:.0f}", *facts_.clock_step_ns)},
           {"clock_source", facts_.clock_source.value_or("unknown")}});
    }
  }

  void check_gpus() {
    std::vector<std::string> busy;
    std::vector<std::string> ids;
    for (const GpuAtRest& gpu : facts_.gpus) {
      if (gpu.processes && !gpu.processes->empty()) {
        busy.push_back(std::to_string(gpu.index));
        std::ranges::transform(*gpu.processes, std::back_inserter(ids),
                               [](std::int64_t id) { return std::to_string(id); });
      }
    }
    if (!busy.empty()) {
      add("gpu_in_use", Severity::warning,
          fmt::format("{} other process{} GPU {}; cure: stop {}", ids.size(), ids.size() == 1 ? " uses" : "es use",
                      join(busy, ", "), ids.size() == 1 ? "it" : "them"),
          {{"gpus", join(busy, " ")}, {"processes", join(ids, " ")}});
    }
    for (const GpuAtRest& gpu : facts_.gpus) {
      if (!gpu.slowed_by.empty()) {
        add("gpu_slowed", Severity::problem,
            fmt::format("GPU {} is slowed down before anything runs: {}; cure: cooling or power supply", gpu.index,
                        gpu.slowed_by),
            {{"reasons", fmt::format("{:#x}", static_cast<std::uint64_t>(gpu.throttle_reasons.value_or(0)))}});
      }
    }
    if (facts_.gpu_device && facts_.gpus.empty()) {
      add("gpu_unseen", Severity::warning,
          fmt::format("an NVIDIA driver is here but its GPUs cannot be watched ({}); cure: install or repair NVML",
                      facts_.gpu_reason.empty() ? "NVML lists none" : facts_.gpu_reason),
          {{"nvml", facts_.gpu_reason}});
    }
  }

  void check_sensors() {
    std::vector<std::string> missing;
    if (!facts_.pressure_seen) {
      missing.emplace_back("pressure (PSI)");
    }
    if (!facts_.second.frequency_mhz_after) {
      missing.emplace_back("CPU frequency");
    }
    if (!facts_.second.throttle_events) {
      missing.emplace_back("thermal throttling");
    }
    if (!missing.empty()) {
      add("sensors_missing", Severity::info,
          fmt::format("this machine does not show: {}; what cannot be seen leaves no trial out", join(missing, ", ")),
          {{"missing", join(missing, ", ")}});
    }
  }

  const record::Machine& machine_;
  const PreflightFacts& facts_;
  std::vector<record::Finding> findings_;
};

}  // namespace

std::vector<record::Finding> preflight_findings(const record::Machine& machine, const PreflightFacts& facts) {
  return Preflight(machine, facts).all();
}

}  // namespace mia::judge
