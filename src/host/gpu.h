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
  unsigned index = 0;  // NVML's, nvidia-smi's
  std::string name;
  std::string driver;
  std::string driver_cuda;  // newest CUDA that this driver runs, "13.0"
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

// Everything, or only what changes while a trial runs (memory, clocks, temperature, power, reasons, link): a reading of
// a few calls, because the driver answers between the trial's own calls.
enum class GpuDetail { all, rates };

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
  // From now on only the GPUs of these PCI bus ids ("0000:c1:00.0", hexadecimal of any case and width), maybe none:
  // another user's GPU must not be taken for ours. nullopt: all, as at first.
  void watch_only(const std::optional<std::vector<std::string>>& bus_ids);
  // State of every GPU that is watched, in NVML's order; empty when unavailable. Safe to call from any thread, one at a
  // time.
  [[nodiscard]] std::vector<GpuState> read(GpuDetail detail = GpuDetail::all);
  // Energy counters of all watched GPUs together, J; nullopt where none counts. The counter moves in steps of up to 0.1
  // s.
  [[nodiscard]] std::optional<double> energy_j();

 private:
  struct Api;
  GpuMonitor();
  struct Handle {
    unsigned index = 0;
    void* device = nullptr;  // null: a GPU that fell off the bus
  };
  [[nodiscard]] std::vector<Handle> handles();  // of the watched GPUs
  std::unique_ptr<Api> api_;
  std::optional<std::vector<unsigned>> chosen_;  // by NVML's index; nullopt: all
  std::string reason_;
};

// Many readings of the busiest GPU, the one with the most memory in use. Clocks and power are those of the readings in
// which it worked; of all, if it never did.
struct GpuSummary {
  int samples = 0;
  std::size_t index = 0;                          // which GPU, in NVML's order
  std::optional<double> sm_clock_mhz;             // median
  std::optional<double> memory_clock_mhz;         // median
  std::optional<double> temperature_c;            // highest
  std::optional<double> power_w;                  // mean
  std::optional<std::int64_t> throttle_reasons;   // all that were seen
  std::optional<std::int64_t> memory_used_bytes;  // most
  std::optional<std::int64_t> pcie_generation;    // highest
};
[[nodiscard]] GpuSummary summarize(const std::vector<std::vector<GpuState>>& readings);

// Reads the GPUs from a thread of its own while a trial runs. The monitor must outlive it and not be used meanwhile.
class GpuWatch {
 public:
  explicit GpuWatch(GpuMonitor& monitor, std::chrono::milliseconds period = std::chrono::milliseconds(100));
  GpuWatch(const GpuWatch&) = delete;
  GpuWatch& operator=(const GpuWatch&) = delete;
  ~GpuWatch();
  // As GpuMonitor::energy_j, between two readings.
  [[nodiscard]] std::optional<double> energy_j();
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
