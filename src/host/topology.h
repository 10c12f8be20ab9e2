// SPDX-License-Identifier: MIT
// What machine this is. Nothing here fails: what cannot be seen stays nullopt, empty or "".
#pragma once

#include <string>

#include "record/machine.h"

namespace mia::host {

// Cores, caches and NUMA nodes by hwloc; CPU model, memory, cgroup limits (v1 and v2, the tightest of all levels),
// affinity, governor, virtualization, operating system and GPUs from /proc, /sys and NVML. Takes some milliseconds.
[[nodiscard]] record::Machine inspect();

// 16 hex digits of what makes two machines comparable: CPU model, cores, caches, memory in GiB, GPUs. The host's name,
// its kernel and its present limits are no part of it.
[[nodiscard]] std::string fingerprint(const record::Machine& machine);

// "kvm", "firecracker", "vmware", "docker", "kvm, docker", ...; "" when nothing of the kind is seen.
[[nodiscard]] std::string virtualization();

}  // namespace mia::host
