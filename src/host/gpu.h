// SPDX-License-Identifier: MIT
// NVIDIA GPUs through NVML, found at run time: libnvidia-ml.so.1, or the library that MIA_PERF_NVML names. A machine
// without one is the normal case. What a driver does not support stays nullopt.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace mia::host {

struct GpuState {
  std::string name;
  std::string driver;
  std::optional<std::int64_t> memory_total_bytes;
  std::optional<std::int64_t> memory_used_bytes;
  std::optional<double> sm_clock_mhz;
  std::optional<double> memory_clock_mhz;
  std::optional<double> temperature_c;
  std::optional<double> power_w;
  std::optional<std::int64_t> throttle_reasons;      // NVML clocks event reasons, a bit mask of this moment
  std::optional<std::int64_t> energy_mj;             // since the driver was loaded
  std::optional<std::int64_t> thermal_violation_ns;  // time spent below the asked clocks because of heat, a counter
  std::optional<std::int64_t> pcie_generation;       // of the present link, which idles down
  std::optional<bool> ecc;
  std::optional<std::vector<std::int64_t>> processes;  // ids of what runs on it; host's ids inside a container
};

class GpuMonitor {
 public:
  // Never fails: a monitor without a library or a driver is unavailable and says why.
  [[nodiscard]] static GpuMonitor open();
  [[nodiscard]] static GpuMonitor open(const std::string& library);
  GpuMonitor(GpuMonitor&&) noexcept;
  GpuMonitor& operator=(GpuMonitor&&) noexcept;
  ~GpuMonitor();

  [[nodiscard]] bool available() const;
  [[nodiscard]] const std::string& reason() const;  // why it is not available, "" when it is
  // State of every GPU, in NVML's order; empty when unavailable. Safe to call from any thread, one at a time.
  [[nodiscard]] std::vector<GpuState> read();

 private:
  struct Api;
  GpuMonitor();
  std::unique_ptr<Api> api_;
  std::string reason_;
};

// Many readings of the busiest GPU, the one with the most memory in use. Clocks and power are those of the readings in
// which it worked; of all, if it never did.
struct GpuSummary {
  int samples = 0;
  std::optional<double> sm_clock_mhz;             // median
  std::optional<double> memory_clock_mhz;         // median
  std::optional<double> temperature_c;            // highest
  std::optional<double> power_w;                  // mean
  std::optional<std::int64_t> throttle_reasons;   // all that were seen
  std::optional<std::int64_t> memory_used_bytes;  // most
};
[[nodiscard]] GpuSummary summarize(const std::vector<std::vector<GpuState>>& readings);

// Reads the GPUs from a thread of its own while a trial runs. The monitor must outlive it and not be used meanwhile.
class GpuWatch {
 public:
  explicit GpuWatch(GpuMonitor& monitor, std::chrono::milliseconds period = std::chrono::milliseconds(100));
  GpuWatch(const GpuWatch&) = delete;
  GpuWatch& operator=(const GpuWatch&) = delete;
  ~GpuWatch();
  // Ends the thread; the same summary at every later call.
  GpuSummary stop();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// "power cap, thermal slowdown (hardware)"; "none" for 0.
[[nodiscard]] std::string describe_throttle_reasons(std::int64_t mask);
// Heat and hardware slowdown void a trial; idle, application clocks and power capping are normal operation.
[[nodiscard]] bool throttle_voids(std::int64_t mask);

}  // namespace mia::host
