// SPDX-License-Identifier: MIT
#include "host/topology.h"

#include <hwloc.h>
#include <sched.h>
#include <sys/utsname.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <memory>
#include <set>
#include <span>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include <fmt/format.h>

#include "base/files.h"
#include "base/text.h"
#include "host/caches.h"
#include "host/cgroup.h"
#include "host/cpus.h"
#include "host/gpu.h"
#include "host/proc_text.h"
#include "host/text_file.h"

namespace mia::host {
namespace fs = std::filesystem;
namespace {

struct DestroyTopology {
  void operator()(hwloc_topology_t topology) const { hwloc_topology_destroy(topology); }
};
using Topology = std::unique_ptr<hwloc_topology, DestroyTopology>;

Topology load_topology() {
  hwloc_topology_t raw = nullptr;
  if (hwloc_topology_init(&raw) != 0) {
    return nullptr;
  }
  Topology topology(raw);
  // The machine, not the part of it that this process may use: that is `allowed_cpus`.
  hwloc_topology_set_flags(raw, HWLOC_TOPOLOGY_FLAG_INCLUDE_DISALLOWED);
  return hwloc_topology_load(raw) == 0 ? std::move(topology) : nullptr;
}

std::optional<std::int64_t> count_of(const Topology& topology, hwloc_obj_type_t type) {
  const int count = hwloc_get_nbobjs_by_type(topology.get(), type);
  return count > 0 ? std::optional<std::int64_t>(count) : std::nullopt;
}

std::vector<record::CacheLevel> caches_of(const Topology& topology) {
  constexpr auto kTypes =
      std::to_array({HWLOC_OBJ_L1CACHE, HWLOC_OBJ_L2CACHE, HWLOC_OBJ_L3CACHE, HWLOC_OBJ_L4CACHE, HWLOC_OBJ_L5CACHE});
  std::vector<record::CacheLevel> caches;
  for (std::size_t i = 0; i < kTypes.size(); ++i) {
    const auto count = count_of(topology, kTypes[i]);
    const hwloc_obj* const cache = count ? hwloc_get_obj_by_type(topology.get(), kTypes[i], 0) : nullptr;
    if (cache != nullptr && cache->attr != nullptr && cache->attr->cache.size > 0) {
      caches.push_back({.level = static_cast<std::int64_t>(i) + 1,
                        .bytes = static_cast<std::int64_t>(cache->attr->cache.size),
                        .count = *count});
    }
  }
  return caches;
}

struct FreeBitmap {
  void operator()(hwloc_bitmap_t bitmap) const { hwloc_bitmap_free(bitmap); }
};
using Bitmap = std::unique_ptr<hwloc_bitmap_s, FreeBitmap>;

// Physical cores with at least one CPU in the set.
std::int64_t cores_in(const Topology& topology, const Bitmap& cpus) {
  std::int64_t count = 0;
  for (hwloc_obj* core = nullptr;
       (core = hwloc_get_next_obj_by_type(topology.get(), HWLOC_OBJ_CORE, core)) != nullptr;) {
    count += hwloc_bitmap_intersects(core->cpuset, cpus.get()) != 0 ? 1 : 0;
  }
  return count;
}

// One kind of core: its CPUs and what hwloc tells of it.
struct CpuKind {
  Bitmap cpus{hwloc_bitmap_alloc()};
  std::string core_type;  // "IntelCore", "IntelAtom"
  double most_mhz = 0;
};

std::vector<CpuKind> kinds_of(const Topology& topology) {
  std::vector<CpuKind> kinds(static_cast<std::size_t>(std::max(0, hwloc_cpukinds_get_nr(topology.get(), 0))));
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    int efficiency = -1;
    unsigned count = 0;
    hwloc_info_s* infos = nullptr;
    const int status = hwloc_cpukinds_get_info(topology.get(), static_cast<unsigned>(i), kinds[i].cpus.get(),
                                               &efficiency, &count, &infos, 0);
    if (status != 0 || efficiency < 0) {
      return {};  // not ranked: nobody knows which is faster
    }
    for (const hwloc_info_s& info : std::span(infos, count)) {
      if (std::string_view(info.name) == "CoreType") {
        kinds[i].core_type = info.value;
      } else if (std::string_view(info.name) == "FrequencyMaxMHz") {
        kinds[i].most_mhz = parse_double(info.value).value_or(0);
      }
    }
  }
  return kinds;
}

// hwloc orders kinds from slow to fast. Intel names its own; elsewhere all but the slowest count, and cores that differ
// by a little turbo are of one kind. Null: all cores are alike.
Bitmap performance_cpus(const Topology& topology) {
  constexpr double kAlike = 0.85;
  const std::vector<CpuKind> kinds = kinds_of(topology);
  if (kinds.size() < 2) {
    return nullptr;
  }
  const bool named = std::ranges::any_of(kinds, [](const CpuKind& kind) { return kind.core_type == "IntelCore"; });
  const CpuKind& slow = kinds.front();
  const CpuKind& fast = kinds.back();
  if (!named && slow.most_mhz > 0 && fast.most_mhz > 0 && slow.most_mhz > kAlike * fast.most_mhz) {
    return nullptr;
  }
  Bitmap all(hwloc_bitmap_alloc());
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    if (named ? kinds[i].core_type == "IntelCore" : i > 0) {
      hwloc_bitmap_or(all.get(), all.get(), kinds[i].cpus.get());
    }
  }
  return all;
}

// The cores that affinity and quota leave: a quota of two CPUs keeps two cores busy, whichever they are.
void read_cores(const Topology& topology, const std::set<std::int64_t>& affinity, record::Machine& machine) {
  machine.physical_cores = count_of(topology, HWLOC_OBJ_CORE);
  const Bitmap fast = performance_cpus(topology);
  if (fast != nullptr) {
    machine.performance_cores = cores_in(topology, fast);
  }
  if (!machine.physical_cores || affinity.empty()) {
    return;
  }
  const Bitmap ours(hwloc_bitmap_alloc());
  for (const std::int64_t cpu : affinity) {
    hwloc_bitmap_set(ours.get(), static_cast<unsigned>(cpu));
  }
  const std::int64_t most = machine.allowed_cpus.value_or(*machine.physical_cores);
  machine.allowed_cores = std::min(cores_in(topology, ours), most);
  if (fast != nullptr) {
    hwloc_bitmap_and(ours.get(), ours.get(), fast.get());
    machine.allowed_performance_cores = std::min(cores_in(topology, ours), most);
  }
}

void read_topology(const Topology& topology, record::Machine& machine) {
  if (topology == nullptr) {
    return;
  }
  machine.logical_cpus = count_of(topology, HWLOC_OBJ_PU);
  machine.numa_nodes = count_of(topology, HWLOC_OBJ_NUMANODE);
  machine.caches = caches_of(topology);
  if (hwloc_obj* const package = hwloc_get_obj_by_type(topology.get(), HWLOC_OBJ_PACKAGE, 0); package != nullptr) {
    const char* const model = hwloc_obj_get_info_by_name(package, "CPUModel");
    machine.cpu_model = model != nullptr ? one_line(trim(model), 256) : "";
  }
}

// What affinity and a CPU quota leave; part of a CPU counts as none unless it is all there is.
std::optional<std::int64_t> allowed_cpus(const std::set<std::int64_t>& affinity, const std::optional<double>& quota) {
  const std::int64_t count = std::ssize(affinity);
  if (count == 0) {
    return std::nullopt;
  }
  return quota ? std::min(count, std::max<std::int64_t>(1, std::llround(std::floor(*quota)))) : count;
}

// "performance", or all that are in use: "performance, powersave".
std::string governor() {
  std::set<std::string> names;
  for (const fs::path& cpu : cpu_folders("/")) {
    if (const std::string text = text_of(cpu / "cpufreq/scaling_governor"); !text.empty()) {
      names.insert(one_line(trim(text), 64));
    }
  }
  return join(std::vector<std::string>(names.begin(), names.end()), ", ");
}

std::string hypervisor_of_cpuid() {
#if defined(__x86_64__)
  constexpr unsigned kFeatures = 1;
  constexpr unsigned kHypervisorBit = 1U << 31U;
  constexpr unsigned kHypervisorLeaf = 0x40000000;
  unsigned a = 0;
  unsigned b = 0;
  unsigned c = 0;
  unsigned d = 0;
  if (__get_cpuid(kFeatures, &a, &b, &c, &d) == 0 || (c & kHypervisorBit) == 0) {
    return {};
  }
  __cpuid(kHypervisorLeaf, a, b, c, d);
  std::array<char, 13> signature{};
  const std::array<unsigned, 3> words{b, c, d};
  std::memcpy(signature.data(), words.data(), sizeof(words));
  struct Known {
    std::string_view signature;
    const char* name;
  };
  constexpr auto kKnown = std::to_array<Known>({{"KVMKVMKVM", "kvm"},
                                                {"Linux KVM Hv", "kvm"},
                                                {"VMwareVMware", "vmware"},
                                                {"Microsoft Hv", "hyper-v"},
                                                {"XenVMMXenVMM", "xen"},
                                                {"TCGTCGTCGTCG", "qemu"},
                                                {"VBoxVBoxVBox", "virtualbox"},
                                                {"bhyve bhyve ", "bhyve"}});
  const auto* const at = std::ranges::find(kKnown, std::string_view(signature.data()), &Known::signature);
  return at != kKnown.end() ? at->name : "unknown hypervisor";
#else
  return {};
#endif
}

// Firecracker has no DMI; it signs its ACPI tables, which only root may read, and its kernels are often named after it.
bool is_firecracker() {
  return text_of("/sys/firmware/acpi/tables/DSDT").find("FIRECK") != std::string::npos ||
         text_of("/proc/cmdline").find("firecracker") != std::string::npos;
}

std::string container() {
  std::error_code code;
  if (fs::exists("/run/.containerenv", code)) {
    return "podman";
  }
  if (fs::exists("/.dockerenv", code)) {
    return "docker";
  }
  return one_line(trim(text_of("/run/systemd/container")), 64);
}

void read_system(record::Machine& machine) {
  utsname names{};
  if (::uname(&names) == 0) {
    machine.hostname = one_line(names.nodename, 256);
    machine.kernel = one_line(fmt::format("{} {}", names.sysname, names.release), 256);
  }
  machine.os = parse_os_release(text_of("/etc/os-release")).value_or("");
}

}  // namespace

std::set<std::int64_t> affinity() {
  constexpr int kMostCpus = 8192;  // the kernel's own limit; a cpu_set_t of 1024 fails on larger machines
  std::set<std::int64_t> cpus;
  cpu_set_t* const set = CPU_ALLOC(kMostCpus);
  if (set == nullptr) {
    return cpus;
  }
  const std::size_t size = CPU_ALLOC_SIZE(kMostCpus);
  if (::sched_getaffinity(0, size, set) == 0) {
    for (int cpu = 0; cpu < kMostCpus; ++cpu) {
      if (CPU_ISSET_S(static_cast<std::size_t>(cpu), size, set)) {
        cpus.insert(cpu);
      }
    }
  }
  CPU_FREE(set);
  return cpus;
}

std::string virtualization() {
  std::string machine = hypervisor_of_cpuid();
  if (machine == "kvm" && is_firecracker()) {
    machine = "firecracker";
  }
  const std::string inside = container();
  return machine.empty() || inside.empty() ? machine + inside : machine + ", " + inside;
}

std::int64_t last_cache_bytes() {
  static const std::int64_t bytes = [] {
    const Topology topology = load_topology();
    const std::vector<record::CacheLevel> caches =
        topology != nullptr ? caches_of(topology) : std::vector<record::CacheLevel>();
    return caches.empty() ? 0 : caches.back().bytes * caches.back().count;
  }();
  return bytes;
}

std::string fingerprint(const record::Machine& machine) {
  constexpr double kGib = 1024.0 * 1024 * 1024;
  std::string text = fmt::format("{}|{}|{}|{}", machine.cpu_model, machine.physical_cores.value_or(-1),
                                 machine.logical_cpus.value_or(-1), machine.numa_nodes.value_or(-1));
  for (const record::CacheLevel& cache : machine.caches) {
    text += fmt::format("|L{} {}x{}", cache.level, cache.count, cache.bytes);
  }
  // The kernel keeps some memory to itself, more or less of it with each version.
  text += fmt::format("|{:.0f} GiB", static_cast<double>(machine.memory_bytes.value_or(0)) / kGib);
  for (const record::GpuInfo& gpu : machine.gpus) {
    text += fmt::format("|{} {:.0f} GiB", gpu.name, static_cast<double>(gpu.memory_bytes) / kGib);
  }
  return hash_hex(text);
}

void read_cpus(const std::set<std::int64_t>& affinity, const std::optional<double>& quota, record::Machine& machine) {
  const Topology topology = load_topology();
  machine.allowed_cpus = allowed_cpus(affinity, quota);
  read_topology(topology, machine);
  if (topology != nullptr) {
    read_cores(topology, affinity, machine);
  }
}

record::Machine inspect() {
  record::Machine machine;
  read_system(machine);
  const CgroupLimits limits = cgroup_limits();
  read_cpus(affinity(), limits.cpus, machine);
  if (const auto model = parse_cpuinfo(text_of("/proc/cpuinfo"), "model name")) {
    machine.cpu_model = *model;
  }
  machine.memory_bytes = parse_meminfo(text_of("/proc/meminfo"), "MemTotal");
  machine.memory_limit_bytes = limits.memory_bytes;
  machine.governor = governor();
  machine.virtualization = virtualization();
  for (const GpuState& gpu : GpuMonitor::open().read()) {
    machine.gpus.push_back({.name = gpu.name,
                            .memory_bytes = gpu.memory_total_bytes.value_or(0),
                            .driver = gpu.driver,
                            .driver_cuda = gpu.driver_cuda,
                            .ecc = gpu.ecc});
  }
  machine.fingerprint = fingerprint(machine);
  return machine;
}

}  // namespace mia::host
