// SPDX-License-Identifier: MIT
#include <algorithm>
#include <system_error>

#include <fmt/format.h>

#include "base/text.h"
#include "host/package_energy.h"
#include "host/proc_text.h"
#include "host/text_file.h"

namespace mia::host {
namespace fs = std::filesystem;

PackageEnergy::PackageEnergy(const fs::path& root) {
  std::error_code code;
  bool hidden = false;
  for (fs::directory_iterator at(root / "sys/class/powercap", code), end; !code && at != end; at.increment(code)) {
    // "intel-rapl:0" is a package; "intel-rapl:0:0" is its part, "intel-rapl-mmio:0" the same package by another way
    const std::string name = at->path().filename().string();
    if (!name.starts_with("intel-rapl:") || std::ranges::count(name, ':') != 1 ||
        !text_of(at->path() / "name").starts_with("package")) {
      continue;
    }
    if (parse_count(text_of(at->path() / "energy_uj"))) {
      const auto most = parse_count(text_of(at->path() / "max_energy_range_uj"));
      packages_.push_back({at->path() / "energy_uj", most.value_or(0)});
    } else {
      hidden = true;
    }
  }
  std::ranges::sort(packages_, {}, &Package::counter);
  if (hidden) {  // a part of the packages would be no figure
    packages_.clear();
    reason_ = "the counters of the CPU packages (/sys/class/powercap) may be read by root only";
  } else if (packages_.empty()) {
    reason_ = "this machine shows no energy of its CPU packages (RAPL in /sys/class/powercap)";
  }
}

std::vector<std::int64_t> PackageEnergy::read() const {
  std::vector<std::int64_t> values;
  for (const Package& package : packages_) {
    const auto value = parse_count(text_of(package.counter));
    if (!value) {
      return {};
    }
    values.push_back(*value);
  }
  return values;
}

std::optional<double> PackageEnergy::joules(const std::vector<std::int64_t>& before,
                                            const std::vector<std::int64_t>& after) const {
  constexpr double kMicro = 1e-6;
  if (before.size() != packages_.size() || after.size() != packages_.size()) {
    return std::nullopt;
  }
  double sum = 0;
  for (std::size_t i = 0; i < packages_.size(); ++i) {
    const std::int64_t moved = after[i] - before[i];
    if (moved < 0 && packages_[i].most <= 0) {
      return std::nullopt;
    }
    sum += static_cast<double>(moved < 0 ? moved + packages_[i].most : moved) * kMicro;
  }
  return sum > 0 ? std::optional(sum) : std::nullopt;
}

}  // namespace mia::host
