// SPDX-License-Identifier: MIT
#include "host/proc_text.h"

#include <array>
#include <cmath>
#include <vector>

#include "base/text.h"

namespace mia::host {
namespace {

template <class T>
std::optional<T> maybe(const Result<T>& result) {
  return result ? std::optional<T>(result.value()) : std::nullopt;
}

// Calls `use` with each line; true from it ends the walk.
template <class Use>
void for_each_line(std::string_view text, Use use) {
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    if (use(text.substr(0, end)) || end == std::string_view::npos) {
      return;
    }
    text.remove_prefix(end + 1);
  }
}

// Words between spaces and tabs.
std::vector<std::string_view> words(std::string_view line) {
  std::vector<std::string_view> found;
  while (true) {
    const std::size_t begin = line.find_first_not_of(" \t\r");
    if (begin == std::string_view::npos) {
      return found;
    }
    line.remove_prefix(begin);
    const std::size_t end = std::min(line.find_first_of(" \t\r"), line.size());
    found.push_back(line.substr(0, end));
    line.remove_prefix(end);
  }
}

}  // namespace

namespace {

std::optional<CpuTimes> parse_cpu_line(std::string_view line, std::string_view name, double ticks_per_s) {
  const std::vector<std::string_view> fields = words(line);
  // cpu user nice system idle iowait irq softirq steal; kernels before 2.6.11 end before steal
  constexpr std::size_t kWithSteal = 9;
  if (fields.size() < kWithSteal || fields[0] != name || !(ticks_per_s > 0)) {
    return std::nullopt;
  }
  std::array<double, kWithSteal> seconds{};
  for (std::size_t i = 1; i < kWithSteal; ++i) {
    const auto ticks = parse_count(fields[i]);
    if (!ticks || *ticks < 0) {
      return std::nullopt;
    }
    seconds[i] = static_cast<double>(*ticks) / ticks_per_s;
  }
  return CpuTimes{.busy_s = seconds[1] + seconds[2] + seconds[3] + seconds[6] + seconds[7],
                  .idle_s = seconds[4] + seconds[5],
                  .steal_s = seconds[8],
                  .cpus = {}};
}

}  // namespace

std::optional<CpuTimes> parse_proc_stat(std::string_view text, double ticks_per_s, const std::set<std::int64_t>& only) {
  CpuTimes some;
  std::int64_t listed = 0;
  for_each_line(text, [&](std::string_view line) {
    const std::string_view name = line.substr(0, line.find(' '));
    const auto number = name.starts_with("cpu") ? parse_count(name.substr(3)) : std::nullopt;
    listed += number ? 1 : 0;
    const auto times = number && only.contains(*number) ? parse_cpu_line(line, name, ticks_per_s) : std::nullopt;
    if (times) {
      some.busy_s += times->busy_s;
      some.idle_s += times->idle_s;
      some.steal_s += times->steal_s;
      some.cpus.insert(*number);
    }
    return false;
  });
  if (!only.empty() && some.cpus == only && std::ssize(only) < listed) {
    return some;
  }
  return parse_cpu_line(text.substr(0, text.find('\n')), "cpu", ticks_per_s);
}

std::optional<double> parse_pressure_some_s(std::string_view text) {
  std::optional<double> seconds;
  for_each_line(text, [&](std::string_view line) {
    const std::vector<std::string_view> fields = words(line);
    if (fields.empty() || fields[0] != "some" || !fields.back().starts_with("total=")) {
      return false;
    }
    if (const auto micros = parse_count(fields.back().substr(6)); micros && *micros >= 0) {
      seconds = static_cast<double>(*micros) * 1e-6;
    }
    return true;
  });
  return seconds;
}

std::optional<std::int64_t> parse_vmstat(std::string_view text, std::string_view name) {
  std::optional<std::int64_t> value;
  for_each_line(text, [&](std::string_view line) {
    const std::vector<std::string_view> fields = words(line);
    if (fields.size() != 2 || fields[0] != name) {
      return false;
    }
    value = parse_count(fields[1]);
    return true;
  });
  return value;
}

std::optional<std::int64_t> parse_meminfo(std::string_view text, std::string_view name) {
  constexpr std::int64_t kKilo = 1024;
  constexpr std::int64_t kMostKilobytes = INT64_MAX / kKilo;
  std::optional<std::int64_t> bytes;
  for_each_line(text, [&](std::string_view line) {
    const std::vector<std::string_view> fields = words(line);
    if (fields.size() != 3 || fields[2] != "kB" || fields[0].substr(0, fields[0].size() - 1) != name) {
      return false;
    }
    if (const auto kilobytes = parse_count(fields[1]); kilobytes && *kilobytes >= 0 && *kilobytes <= kMostKilobytes) {
      bytes = *kilobytes * kKilo;
    }
    return true;
  });
  return bytes;
}

std::optional<double> parse_load1(std::string_view text) {
  const std::vector<std::string_view> fields = words(text);
  return fields.empty() ? std::nullopt : maybe(parse_double(fields[0]));
}

std::optional<std::string> parse_cpuinfo(std::string_view text, std::string_view name) {
  std::optional<std::string> value;
  for_each_line(text, [&](std::string_view line) {
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || trim(line.substr(0, colon)) != name) {
      return false;
    }
    value = printable(trim(line.substr(colon + 1)), 4096);
    return true;
  });
  return value;
}

std::optional<std::string> parse_os_release(std::string_view text) {
  std::optional<std::string> pretty;
  std::optional<std::string> plain;
  for_each_line(text, [&](std::string_view line) {
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos) {
      return false;
    }
    std::string_view value = trim(line.substr(equals + 1));
    if (value.size() >= 2 && (value.front() == '"' || value.front() == '\'') && value.back() == value.front()) {
      value = value.substr(1, value.size() - 2);
    }
    const std::string_view key = trim(line.substr(0, equals));
    if (key == "PRETTY_NAME") {
      pretty = one_line(value, 256);
    } else if (key == "NAME") {
      plain = one_line(value, 256);
    }
    return pretty.has_value();
  });
  return pretty ? pretty : plain;
}

std::optional<std::string> parse_bracketed(std::string_view text) {
  const std::size_t open = text.find('[');
  const std::size_t close = text.find(']', open == std::string_view::npos ? 0 : open);
  if (open == std::string_view::npos || close == std::string_view::npos) {
    return std::nullopt;
  }
  return std::string(text.substr(open + 1, close - open - 1));
}

std::optional<std::int64_t> parse_count(std::string_view text) {
  return maybe(parse_int(trim(text)));
}

std::map<std::string, std::string> parse_cgroups(std::string_view text) {
  std::map<std::string, std::string> paths;
  for_each_line(text, [&](std::string_view line) {
    // "4:cpu,cpuacct:/a/b"; the path itself may hold colons
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string_view::npos ? first : line.find(':', first + 1);
    if (second != std::string_view::npos) {
      for (const std::string& controller : split(line.substr(first + 1, second - first - 1), ',')) {
        paths[controller] = std::string(line.substr(second + 1));
      }
    }
    return false;
  });
  return paths;
}

std::optional<std::int64_t> parse_memory_limit(std::string_view text) {
  // v1 writes the largest multiple of the page size below 2^63 for "none"
  constexpr std::int64_t kNoLimit = std::int64_t{1} << 62U;
  const auto bytes = parse_count(text);
  return bytes && *bytes > 0 && *bytes < kNoLimit ? bytes : std::nullopt;
}

std::optional<double> parse_cpu_max(std::string_view text) {
  const std::vector<std::string_view> fields = words(trim(text));
  if (fields.size() != 2) {
    return std::nullopt;
  }
  const auto quota = parse_count(fields[0]);
  const auto period = parse_count(fields[1]);
  if (!quota || !period || *quota <= 0 || *period <= 0) {
    return std::nullopt;
  }
  return static_cast<double>(*quota) / static_cast<double>(*period);
}

}  // namespace mia::host
