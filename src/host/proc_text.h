// SPDX-License-Identifier: MIT
// Readers of the kernel's text files. All take text, so that recorded files of other machines test them; what is not
// there or makes no sense is nullopt.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace mia::host {

// /proc/stat in seconds, summed over the CPUs that are looked at.
struct CpuTimes {
  double busy_s = 0;   // user, nice, system, irq and softirq; guest time is part of user
  double idle_s = 0;   // idle and iowait
  double steal_s = 0;  // taken by the hypervisor
  // The CPUs that were summed, by the kernel's numbers; empty: all of them, by the first line.
  std::set<std::int64_t> cpus;
};
// The CPUs of `only`, where they are a part of those that the text lists; else all, also where one of them is not
// listed (a container may number its CPUs anew).
[[nodiscard]] std::optional<CpuTimes> parse_proc_stat(std::string_view text, double ticks_per_s,
                                                      const std::set<std::int64_t>& only = {});

// Total of the "some" line of /proc/pressure/*, seconds.
[[nodiscard]] std::optional<double> parse_pressure_some_s(std::string_view text);

// "name value" lines of /proc/vmstat.
[[nodiscard]] std::optional<std::int64_t> parse_vmstat(std::string_view text, std::string_view name);

// "Name:  value kB" lines of /proc/meminfo, bytes.
[[nodiscard]] std::optional<std::int64_t> parse_meminfo(std::string_view text, std::string_view name);

// One-minute load of /proc/loadavg.
[[nodiscard]] std::optional<double> parse_load1(std::string_view text);

// First "name : value" line of /proc/cpuinfo.
[[nodiscard]] std::optional<std::string> parse_cpuinfo(std::string_view text, std::string_view name);

// PRETTY_NAME of /etc/os-release, else NAME.
[[nodiscard]] std::optional<std::string> parse_os_release(std::string_view text);

// The choice in brackets: "always [madvise] never" -> "madvise".
[[nodiscard]] std::optional<std::string> parse_bracketed(std::string_view text);

// A file that holds one integer.
[[nodiscard]] std::optional<std::int64_t> parse_count(std::string_view text);

// /proc/self/cgroup: controller -> path; the unified hierarchy (v2) has the key "".
[[nodiscard]] std::map<std::string, std::string> parse_cgroups(std::string_view text);

// memory.max (v2) or memory.limit_in_bytes (v1): nullopt for "max" and for v1's "no limit" near 2^63.
[[nodiscard]] std::optional<std::int64_t> parse_memory_limit(std::string_view text);

// cpu.max, "quota period" (v2): CPUs, nullopt for "max".
[[nodiscard]] std::optional<double> parse_cpu_max(std::string_view text);

}  // namespace mia::host
