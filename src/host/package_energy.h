// SPDX-License-Identifier: MIT
// Energy of the CPU packages by RAPL, as Linux' powercap shows it (/sys/class/powercap/intel-rapl:N, AMD's as well):
// all that runs on them, in microjoules, counters that begin again at zero. Since 2020 only root may read them by
// default.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace mia::host {

class PackageEnergy {
 public:
  explicit PackageEnergy(const std::filesystem::path& root = "/");

  // One counter for each package; empty where none can be read, and then reason() says why.
  [[nodiscard]] std::vector<std::int64_t> read() const;
  [[nodiscard]] const std::string& reason() const { return reason_; }

  // Joules between two readings; a counter that began again in between counts on. nullopt without readings, and where
  // no counter moved (they do about every millisecond).
  [[nodiscard]] std::optional<double> joules(const std::vector<std::int64_t>& before,
                                             const std::vector<std::int64_t>& after) const;

 private:
  struct Package {
    std::filesystem::path counter;
    std::int64_t most = 0;  // it counts to this and begins again; 0 unknown
  };
  std::vector<Package> packages_;
  std::string reason_;
};

}  // namespace mia::host
