// SPDX-License-Identifier: MIT
#include <algorithm>
#include <string>

#include "base/files.h"
#include "host/cgroup.h"
#include "host/memory.h"
#include "host/proc_text.h"
#include "host/text_file.h"

namespace mia::host {
namespace fs = std::filesystem;
namespace {

template <class T>
void lower_to(std::optional<T>& least, std::optional<T> value) {
  if (value && (!least || *value < *least)) {
    least = value;
  }
}

// What can be freed at once is not really used: clean file pages.
std::int64_t reclaimable(const fs::path& dir) {
  return parse_vmstat(text_of(dir / "memory.stat"), "inactive_file").value_or(0);
}

void read_memory(CgroupLimits& limits, const fs::path& dir, const char* limit_file, const char* usage_file) {
  const auto limit = parse_memory_limit(text_of(dir / limit_file));
  const auto used = parse_count(text_of(dir / usage_file));
  lower_to(limits.memory_bytes, limit);
  if (limit && used) {
    const std::int64_t held = std::max<std::int64_t>(0, *used - reclaimable(dir));
    lower_to(limits.memory_headroom_bytes, std::optional(std::max<std::int64_t>(0, *limit - held)));
  }
}

void read_v2(CgroupLimits& limits, const fs::path& dir) {
  read_memory(limits, dir, "memory.max", "memory.current");
  lower_to(limits.cpus, parse_cpu_max(text_of(dir / "cpu.max")));
}

void read_v1_cpu(CgroupLimits& limits, const fs::path& dir) {
  // quota -1 means none, which parse_cpu_max refuses
  lower_to(limits.cpus, parse_cpu_max(text_of(dir / "cpu.cfs_quota_us") + " " + text_of(dir / "cpu.cfs_period_us")));
}

// Calls `read` with the group's folder and all above it, down to the mount point. A path with ".." belongs to another
// namespace, and one that is not mounted to another container: then only the mount point counts.
template <class Read>
void for_each_level(const fs::path& mount, const std::string& path, Read read) {
  fs::path relative = fs::path(path).relative_path().lexically_normal();
  std::error_code code;
  if (path.find("..") != std::string::npos || !fs::is_directory(mount / relative, code)) {
    relative.clear();
  }
  while (!relative.empty() && relative != ".") {
    read(mount / relative);
    relative = relative.parent_path();
  }
  read(mount);
}

}  // namespace

CgroupLimits cgroup_limits(const fs::path& root) {
  CgroupLimits limits;
  const fs::path mounts = root / "sys/fs/cgroup";
  for (const auto& [controller, path] : parse_cgroups(text_of(root / "proc/self/cgroup"))) {
    if (controller.empty()) {
      std::error_code code;
      const fs::path hybrid = mounts / "unified";
      for_each_level(fs::is_directory(hybrid, code) ? hybrid : mounts, path,
                     [&](const fs::path& dir) { read_v2(limits, dir); });
    } else if (controller == "memory") {
      for_each_level(mounts / "memory", path, [&](const fs::path& dir) {
        read_memory(limits, dir, "memory.limit_in_bytes", "memory.usage_in_bytes");
      });
    } else if (controller == "cpu") {
      for_each_level(mounts / "cpu", path, [&](const fs::path& dir) { read_v1_cpu(limits, dir); });
    }
  }
  return limits;
}

std::optional<std::int64_t> available_memory_bytes(const fs::path& root) {
  auto available = parse_meminfo(text_of(root / "proc/meminfo"), "MemAvailable");
  lower_to(available, cgroup_limits(root).memory_headroom_bytes);
  return available;
}

}  // namespace mia::host
