// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>
#include <condition_variable>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include <fmt/format.h>

#include "base/text.h"
#include "host/gpu.h"
#include "stats/summary.h"

namespace mia::host {
namespace {

struct Reason {
  std::int64_t bit;
  std::string_view text;
  bool voids;
};

// nvmlClocksEventReasons of NVIDIA's public reference.
constexpr auto kReasons = std::to_array<Reason>({
    {0x1, "idle", false},
    {0x2, "application clocks", false},
    {0x4, "power cap", false},
    {0x8, "hardware slowdown", true},
    {0x10, "sync boost", false},
    {0x20, "thermal slowdown (software)", true},
    {0x40, "thermal slowdown (hardware)", true},
    {0x80, "power brake", true},
    {0x100, "display clocks", false},
});

constexpr std::int64_t kIdle = 0x1;

// A day of readings at ten a second is where memory must stop growing.
constexpr std::size_t kMostReadings = 864000;

// Index of the GPU that ever had the most memory in use.
std::size_t busiest(const std::vector<std::vector<GpuState>>& readings) {
  std::size_t index = 0;
  std::int64_t most = -1;
  for (const std::vector<GpuState>& gpus : readings) {
    for (std::size_t i = 0; i < gpus.size(); ++i) {
      if (const std::int64_t used = gpus[i].memory_used_bytes.value_or(-1); used > most) {
        most = used;
        index = i;
      }
    }
  }
  return index;
}

void collect(std::vector<double>& values, const std::optional<double>& value) {
  if (value) {
    values.push_back(*value);
  }
}

struct Rates {
  std::vector<double> sm_clocks;
  std::vector<double> memory_clocks;
  std::vector<double> watts;

  void add(const GpuState& gpu) {
    collect(sm_clocks, gpu.sm_clock_mhz);
    collect(memory_clocks, gpu.memory_clock_mhz);
    collect(watts, gpu.power_w);
  }
};

}  // namespace

GpuSummary summarize(const std::vector<std::vector<GpuState>>& readings) {
  GpuSummary summary;
  const std::size_t index = busiest(readings);
  summary.index = index;
  Rates all;
  Rates working;
  for (const std::vector<GpuState>& gpus : readings) {
    if (index >= gpus.size()) {
      continue;
    }
    const GpuState& gpu = gpus[index];
    ++summary.samples;
    all.add(gpu);
    if ((gpu.throttle_reasons.value_or(0) & kIdle) == 0) {
      working.add(gpu);
    }
    summary.temperature_c = std::max(summary.temperature_c, gpu.temperature_c);
    summary.memory_used_bytes = std::max(summary.memory_used_bytes, gpu.memory_used_bytes);
    summary.pcie_generation = std::max(summary.pcie_generation, gpu.pcie_generation);
    if (gpu.throttle_reasons) {
      summary.throttle_reasons = summary.throttle_reasons.value_or(0) | *gpu.throttle_reasons;
    }
  }
  // The clocks of a GPU that waits for the load say nothing about the decoding after it.
  const Rates& rates = working.sm_clocks.empty() ? all : working;
  summary.sm_clock_mhz = stats::median(rates.sm_clocks);
  summary.memory_clock_mhz = stats::median(rates.memory_clocks);
  summary.power_w = stats::mean(rates.watts);
  return summary;
}

struct GpuWatch::State {
  State(GpuMonitor& monitor_, std::chrono::milliseconds period_) : monitor(monitor_), period(period_) {}

  void watch(const std::stop_token& stop) {
    std::unique_lock lock(mutex);
    do {
      readings.push_back(monitor.read(GpuDetail::rates));
    } while (!wake.wait_for(lock, stop, period, [&] { return stop.stop_requested(); }) &&
             readings.size() < kMostReadings);
  }

  GpuMonitor& monitor;
  std::chrono::milliseconds period;
  std::mutex mutex;
  std::condition_variable_any wake;
  std::vector<std::vector<GpuState>> readings;
  std::jthread thread;
};

GpuWatch::GpuWatch(GpuMonitor& monitor, std::chrono::milliseconds period)
    : state_(std::make_unique<State>(monitor, period)) {
  if (monitor.available()) {
    state_->thread = std::jthread([this](const std::stop_token& stop) { state_->watch(stop); });
  }
}

GpuWatch::~GpuWatch() {
  static_cast<void>(stop());
}

std::optional<double> GpuWatch::energy_j() {
  const std::lock_guard lock(state_->mutex);
  return state_->monitor.energy_j();
}

GpuSummary GpuWatch::stop() {
  if (state_->thread.joinable()) {
    state_->thread.request_stop();
    state_->thread.join();
  }
  return summarize(state_->readings);
}

std::string describe_throttle_reasons(std::int64_t mask) {
  std::vector<std::string> texts;
  for (const Reason& reason : kReasons) {
    if ((mask & reason.bit) != 0) {
      texts.emplace_back(reason.text);
      mask &= ~reason.bit;
    }
  }
  if (mask != 0) {
    texts.push_back(fmt::format("unknown reason {:#x}", static_cast<std::uint64_t>(mask)));
  }
  return texts.empty() ? "none" : join(texts, ", ");
}

bool throttle_voids(std::int64_t mask) {
  return std::ranges::any_of(kReasons, [&](const Reason& reason) { return reason.voids && (mask & reason.bit) != 0; });
}

}  // namespace mia::host
