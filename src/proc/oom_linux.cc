// SPDX-License-Identifier: MIT
#include <algorithm>
#include <string>

#include "base/files.h"
#include "base/text.h"
#include "proc/oom.h"

namespace mia::proc {
namespace fs = std::filesystem;
namespace {

// Value of the line "key value".
std::optional<std::int64_t> value_of(const fs::path& file, std::string_view key) {
  const auto text = read_file(file, std::size_t{1} << 20U);
  if (!text) {
    return std::nullopt;
  }
  for (const std::string& line : split(*text, '\n')) {
    const std::size_t space = line.find(' ');
    if (space != std::string::npos && std::string_view(line).substr(0, space) == key) {
      const auto number = parse_int(trim(std::string_view(line).substr(space + 1)));
      return number ? std::optional(*number) : std::nullopt;
    }
  }
  return std::nullopt;
}

// A container may see its own cgroup as the root of the mount while /proc/self/cgroup names the host's path: then the
// mount's root is the right place.
std::optional<std::int64_t> value_in(const fs::path& mount, std::string_view cgroup, const char* file) {
  const fs::path below(cgroup.substr(std::min(cgroup.find_first_not_of('/'), cgroup.size())));
  if (const auto value = value_of(mount / below / file, "oom_kill")) {
    return value;
  }
  return value_of(mount / file, "oom_kill");
}

std::optional<std::int64_t> cgroup_kills(const fs::path& proc, const fs::path& cgroups) {
  const auto text = read_file(proc / "self" / "cgroup", std::size_t{1} << 20U);
  if (!text) {
    return std::nullopt;
  }
  std::optional<std::int64_t> kills;
  for (const std::string& line : split(*text, '\n')) {  // "4:memory:/path" in v1, "0::/path" in v2
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) {
      continue;
    }
    const std::string controllers = "," + line.substr(first + 1, second - first - 1) + ",";
    const std::string_view cgroup = std::string_view(line).substr(second + 1);
    if (controllers.find(",memory,") != std::string::npos) {
      return value_in(cgroups / "memory", cgroup, "memory.oom_control");
    }
    if (controllers == ",,") {
      kills = value_in(cgroups, cgroup, "memory.events");
    }
  }
  return kills;
}

}  // namespace

OomKills count_oom_kills(const fs::path& proc, const fs::path& cgroups) {
  return {cgroup_kills(proc, cgroups), value_of(proc / "vmstat", "oom_kill")};
}

bool rose(const OomKills& before, const OomKills& after) {
  const auto grew = [](const std::optional<std::int64_t>& was, const std::optional<std::int64_t>& is) {
    return was && is && *is > *was;
  };
  return grew(before.cgroup, after.cgroup) || grew(before.machine, after.machine);
}

}  // namespace mia::proc
