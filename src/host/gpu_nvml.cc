// SPDX-License-Identifier: MIT
// The few functions of NVML that are needed, declared after NVIDIA's public reference (docs.nvidia.com/deploy/nvml-api)
// and looked up one by one: an old driver lacks some of them, and then only those values are unknown.
#include <dlfcn.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "base/files.h"
#include "base/text.h"
#include "host/gpu.h"

namespace mia::host {
namespace {

using NvmlReturn = int;
using NvmlDevice = void*;
using NvmlUlong = unsigned long long;  // NOLINT(google-runtime-int): NVML's own type

constexpr NvmlReturn kSuccess = 0;
constexpr NvmlReturn kInsufficientSize = 7;
constexpr unsigned kClockSm = 1;
constexpr unsigned kClockMemory = 2;
constexpr unsigned kSensorGpu = 0;
constexpr unsigned kPolicyThermal = 1;
constexpr double kMilli = 1e-3;
constexpr std::size_t kNameBytes = 128;
constexpr unsigned kMostGpus = 64;
constexpr unsigned kMostProcesses = 4096;

struct NvmlMemory {
  NvmlUlong total;
  NvmlUlong free;
  NvmlUlong used;
};

// Used memory without what the driver keeps for itself, 0.6 GB on an H200 that does nothing.
struct NvmlMemoryV2 {
  unsigned version;
  NvmlUlong total;
  NvmlUlong reserved;
  NvmlUlong free;
  NvmlUlong used;
};
// NVML's rule: size of the struct, and its version in the highest byte.
constexpr unsigned kMemoryV2 = sizeof(NvmlMemoryV2) | (2U << 24U);

struct NvmlPci {
  std::array<char, 16> bus_id_legacy;
  unsigned domain;
  unsigned bus;
  unsigned device;
  unsigned pci_device_id;
  unsigned pci_sub_system_id;
  std::array<char, 32> bus_id;
};

struct NvmlProcess {
  unsigned pid;
  NvmlUlong used_memory;
  unsigned gpu_instance;
  unsigned compute_instance;
};

struct NvmlViolation {
  NvmlUlong reference_us;
  NvmlUlong violation_ns;
};

using ProcessList = NvmlReturn (*)(NvmlDevice, unsigned*, NvmlProcess*);

}  // namespace

// Function pointers are null where the library lacks the function.
struct GpuMonitor::Api {
  void* library = nullptr;
  std::string driver;
  std::string driver_cuda;

  NvmlReturn (*init)() = nullptr;
  NvmlReturn (*shutdown)() = nullptr;
  const char* (*error_text)(NvmlReturn) = nullptr;
  NvmlReturn (*driver_version)(char*, unsigned) = nullptr;
  NvmlReturn (*cuda_version)(int*) = nullptr;
  NvmlReturn (*count)(unsigned*) = nullptr;
  NvmlReturn (*handle)(unsigned, NvmlDevice*) = nullptr;
  NvmlReturn (*name)(NvmlDevice, char*, unsigned) = nullptr;
  NvmlReturn (*memory)(NvmlDevice, NvmlMemory*) = nullptr;
  NvmlReturn (*memory_v2)(NvmlDevice, NvmlMemoryV2*) = nullptr;
  NvmlReturn (*clock)(NvmlDevice, unsigned, unsigned*) = nullptr;
  NvmlReturn (*temperature)(NvmlDevice, unsigned, unsigned*) = nullptr;
  NvmlReturn (*power)(NvmlDevice, unsigned*) = nullptr;
  NvmlReturn (*reasons)(NvmlDevice, NvmlUlong*) = nullptr;
  NvmlReturn (*energy)(NvmlDevice, NvmlUlong*) = nullptr;
  NvmlReturn (*violation)(NvmlDevice, unsigned, NvmlViolation*) = nullptr;
  NvmlReturn (*pcie_generation)(NvmlDevice, unsigned*) = nullptr;
  NvmlReturn (*ecc)(NvmlDevice, unsigned*, unsigned*) = nullptr;
  NvmlReturn (*pci)(NvmlDevice, NvmlPci*) = nullptr;
  ProcessList compute = nullptr;
  ProcessList graphics = nullptr;

  explicit Api(void* opened) : library(opened) {}
  Api(const Api&) = delete;
  Api& operator=(const Api&) = delete;
  ~Api() {
    if (initialized_ && shutdown != nullptr) {
      shutdown();
    }
    ::dlclose(library);
  }

  // The first of the names that the library has.
  template <class Function>
  void find(Function& function, std::initializer_list<const char*> names) {
    for (const char* const name_of_function : names) {
      if (void* const found = ::dlsym(library, name_of_function); found != nullptr) {
        function = reinterpret_cast<Function>(found);
        return;
      }
    }
  }

  void find_all() {
    find(init, {"nvmlInit_v2", "nvmlInit"});
    find(shutdown, {"nvmlShutdown"});
    find(error_text, {"nvmlErrorString"});
    find(driver_version, {"nvmlSystemGetDriverVersion"});
    find(cuda_version, {"nvmlSystemGetCudaDriverVersion_v2", "nvmlSystemGetCudaDriverVersion"});
    find(count, {"nvmlDeviceGetCount_v2", "nvmlDeviceGetCount"});
    find(handle, {"nvmlDeviceGetHandleByIndex_v2", "nvmlDeviceGetHandleByIndex"});
    find(name, {"nvmlDeviceGetName"});
    find(memory, {"nvmlDeviceGetMemoryInfo"});
    find(memory_v2, {"nvmlDeviceGetMemoryInfo_v2"});
    find(clock, {"nvmlDeviceGetClockInfo"});
    find(temperature, {"nvmlDeviceGetTemperature"});
    find(power, {"nvmlDeviceGetPowerUsage"});
    // renamed in R535; the bits are the same
    find(reasons, {"nvmlDeviceGetCurrentClocksEventReasons", "nvmlDeviceGetCurrentClocksThrottleReasons"});
    find(energy, {"nvmlDeviceGetTotalEnergyConsumption"});
    find(violation, {"nvmlDeviceGetViolationStatus"});
    find(pcie_generation, {"nvmlDeviceGetCurrPcieLinkGeneration"});
    find(ecc, {"nvmlDeviceGetEccMode"});
    find(pci, {"nvmlDeviceGetPciInfo_v3"});  // earlier versions fill a smaller struct
    // the first version fills a smaller struct and is left out
    find(compute, {"nvmlDeviceGetComputeRunningProcesses_v3", "nvmlDeviceGetComputeRunningProcesses_v2"});
    find(graphics, {"nvmlDeviceGetGraphicsRunningProcesses_v3", "nvmlDeviceGetGraphicsRunningProcesses_v2"});
  }

  // "" or why the library is of no use.
  std::string start() {
    find_all();
    if (init == nullptr || count == nullptr || handle == nullptr) {
      return "the library is not NVML: nvmlInit or the device functions are missing";
    }
    if (const NvmlReturn status = init(); status != kSuccess) {
      return fmt::format("NVML does not start: {}", text_of(status));
    }
    initialized_ = true;
    std::array<char, kNameBytes> buffer{};
    if (driver_version != nullptr && driver_version(buffer.data(), buffer.size()) == kSuccess) {
      driver = one_line(std::string_view(buffer.data()), kNameBytes);
    }
    if (int version = 0; cuda_version != nullptr && cuda_version(&version) == kSuccess) {
      driver_cuda = fmt::format("{}.{}", version / 1000, version % 1000 / 10);
    }
    return {};
  }

  [[nodiscard]] std::string text_of(NvmlReturn status) const {
    const char* const text = error_text != nullptr ? error_text(status) : nullptr;
    return text != nullptr ? one_line(text, 200) : fmt::format("error {}", status);
  }

  [[nodiscard]] std::optional<std::vector<std::int64_t>> processes_of(NvmlDevice device) const;
  void read_memory(NvmlDevice device, GpuState& state) const;
  void read_rates(NvmlDevice device, GpuState& state) const;
  [[nodiscard]] GpuState state_of(NvmlDevice device, GpuDetail detail) const;

 private:
  bool initialized_ = false;
};

namespace {

// The value that `function(device, arguments..., &value)` writes.
template <class Out, class Function, class... Arguments>
std::optional<Out> ask(Function function, NvmlDevice device, Arguments... arguments) {
  Out value{};
  if (function == nullptr || function(device, arguments..., &value) != kSuccess) {
    return std::nullopt;
  }
  return value;
}

template <class To, class From>
std::optional<To> converted(const std::optional<From>& from) {
  return from ? std::optional<To>(static_cast<To>(*from)) : std::nullopt;
}

// "domain:bus:device.function"; a GPU is the first function of its device, which NVML does not number.
bool is_at(const NvmlPci& pci, std::string_view bus_id) {
  const std::vector<std::string> parts = split(bus_id.substr(0, bus_id.find('.')), ':');
  const std::array<unsigned, 3> place{pci.domain, pci.bus, pci.device};
  if (parts.size() != place.size()) {
    return false;
  }
  for (std::size_t i = 0; i < place.size(); ++i) {
    const char* const end = parts[i].data() + parts[i].size();
    unsigned number = 0;
    const auto [stopped, error] = std::from_chars(parts[i].data(), end, number, 16);
    if (error != std::errc() || stopped != end || number != place[i]) {
      return false;
    }
  }
  return true;
}

std::optional<std::vector<std::int64_t>> list_processes(ProcessList list, NvmlDevice device) {
  if (list == nullptr) {
    return std::nullopt;
  }
  std::vector<NvmlProcess> found(64);
  auto count = static_cast<unsigned>(found.size());
  NvmlReturn status = list(device, &count, found.data());
  if (status == kInsufficientSize) {
    // some room for those that start between the two calls
    found.resize(std::min(count, kMostProcesses) + 16);
    count = static_cast<unsigned>(found.size());
    status = list(device, &count, found.data());
  }
  if (status != kSuccess) {
    return std::nullopt;
  }
  std::vector<std::int64_t> ids;
  for (unsigned i = 0; i < count && i < found.size(); ++i) {
    ids.push_back(found[i].pid);
  }
  return ids;
}

}  // namespace

std::optional<std::vector<std::int64_t>> GpuMonitor::Api::processes_of(NvmlDevice device) const {
  auto ids = list_processes(compute, device);
  const auto drawing = list_processes(graphics, device);
  if (!ids || !drawing) {
    return ids ? ids : drawing;
  }
  ids->insert(ids->end(), drawing->begin(), drawing->end());
  return ids;
}

void GpuMonitor::Api::read_memory(NvmlDevice device, GpuState& state) const {
  NvmlMemoryV2 exact{.version = kMemoryV2, .total = 0, .reserved = 0, .free = 0, .used = 0};
  if (memory_v2 != nullptr && memory_v2(device, &exact) == kSuccess) {
    state.memory_total_bytes = static_cast<std::int64_t>(exact.total);
    state.memory_used_bytes = static_cast<std::int64_t>(exact.used);
  } else if (const auto bytes = ask<NvmlMemory>(memory, device)) {
    state.memory_total_bytes = static_cast<std::int64_t>(bytes->total);
    state.memory_used_bytes = static_cast<std::int64_t>(bytes->used);
  }
}

// What no GPU can have is a driver's error and unknown, not a reading that voids trials.
void drop_impossible(GpuState& state) {
  constexpr std::int64_t kMostMemory = std::int64_t{1} << 50U;
  constexpr double kHottest = 200;
  constexpr double kMostWatts = 1e4;
  constexpr double kMostMhz = 1e5;
  constexpr std::int64_t kKnownReasons = 0xffff;
  const auto outside = [](const auto& value, auto least, auto most) {
    return value && (*value < least || *value > most);
  };
  if (outside(state.memory_total_bytes, std::int64_t{1}, kMostMemory)) {
    state.memory_total_bytes.reset();
  }
  if (outside(state.memory_used_bytes, std::int64_t{0}, state.memory_total_bytes.value_or(0))) {
    state.memory_used_bytes.reset();
  }
  for (std::optional<double>* const clock : {&state.sm_clock_mhz, &state.memory_clock_mhz}) {
    if (outside(*clock, 0.0, kMostMhz)) {
      clock->reset();
    }
  }
  if (outside(state.temperature_c, 0.0, kHottest)) {
    state.temperature_c.reset();
  }
  if (outside(state.power_w, 0.0, kMostWatts)) {
    state.power_w.reset();
  }
  if (outside(state.throttle_reasons, std::int64_t{0}, kKnownReasons)) {
    state.throttle_reasons.reset();
  }
}

void GpuMonitor::Api::read_rates(NvmlDevice device, GpuState& state) const {
  read_memory(device, state);
  state.sm_clock_mhz = converted<double>(ask<unsigned>(clock, device, kClockSm));
  state.memory_clock_mhz = converted<double>(ask<unsigned>(clock, device, kClockMemory));
  state.temperature_c = converted<double>(ask<unsigned>(temperature, device, kSensorGpu));
  if (const auto milliwatts = ask<unsigned>(power, device)) {
    state.power_w = *milliwatts * kMilli;
  }
  state.throttle_reasons = converted<std::int64_t>(ask<NvmlUlong>(reasons, device));
  state.pcie_generation = converted<std::int64_t>(ask<unsigned>(pcie_generation, device));
  drop_impossible(state);
}

GpuState GpuMonitor::Api::state_of(NvmlDevice device, GpuDetail detail) const {
  GpuState state;
  read_rates(device, state);
  if (detail == GpuDetail::rates) {
    return state;
  }
  state.driver = driver;
  state.driver_cuda = driver_cuda;
  std::array<char, kNameBytes> buffer{};
  if (name != nullptr && name(device, buffer.data(), buffer.size()) == kSuccess) {
    state.name = one_line(std::string_view(buffer.data()), kNameBytes);
  }
  state.energy_mj = converted<std::int64_t>(ask<NvmlUlong>(energy, device));
  if (const auto slowed = ask<NvmlViolation>(violation, device, kPolicyThermal)) {
    state.thermal_violation_ns = static_cast<std::int64_t>(slowed->violation_ns);
  }
  unsigned current = 0;
  unsigned pending = 0;
  if (ecc != nullptr && ecc(device, &current, &pending) == kSuccess) {
    state.ecc = current != 0;
  }
  state.processes = processes_of(device);
  return state;
}

GpuMonitor::GpuMonitor() = default;
GpuMonitor::GpuMonitor(GpuMonitor&&) noexcept = default;
GpuMonitor& GpuMonitor::operator=(GpuMonitor&&) noexcept = default;
GpuMonitor::~GpuMonitor() = default;

bool GpuMonitor::available() const {
  return api_ != nullptr;
}
const std::string& GpuMonitor::reason() const {
  return reason_;
}

GpuMonitor GpuMonitor::open() {
  const char* const library = std::getenv("MIA_PERF_NVML");
  if (library == nullptr || *library == '\0') {
    return open("libnvidia-ml.so.1");
  }
  const Status trusted = contains(library, "/") ? require_trusted(library, "the library") : Status();
  if (!trusted) {
    GpuMonitor none;
    none.reason_ = trusted.error().text();
    return none;
  }
  return open(library);
}

GpuMonitor GpuMonitor::open(const std::string& library) {
  GpuMonitor monitor;
  void* const opened = ::dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (opened == nullptr) {
    const char* const error = ::dlerror();
    monitor.reason_ = fmt::format("no NVML: {}", one_line(error != nullptr ? error : library, 300));
    return monitor;
  }
  auto api = std::make_unique<Api>(opened);
  monitor.reason_ = api->start();
  if (monitor.reason_.empty()) {
    monitor.api_ = std::move(api);
  }
  return monitor;
}

void GpuMonitor::watch_only(const std::optional<std::vector<std::string>>& bus_ids) {
  chosen_.reset();
  if (!bus_ids) {
    return;
  }
  std::vector<unsigned> found;
  for (const Handle& gpu : handles()) {
    const auto pci = gpu.device != nullptr ? ask<NvmlPci>(api_->pci, gpu.device) : std::nullopt;
    if (pci && std::ranges::any_of(*bus_ids, [&](const std::string& id) { return is_at(*pci, id); })) {
      found.push_back(gpu.index);
    }
  }
  chosen_ = std::move(found);
}

std::vector<GpuMonitor::Handle> GpuMonitor::handles() {
  std::vector<Handle> found;
  unsigned count = 0;
  if (api_ == nullptr || api_->count(&count) != kSuccess) {
    return found;
  }
  for (unsigned i = 0; i < std::min(count, kMostGpus); ++i) {
    if (!chosen_ || std::ranges::count(*chosen_, i) > 0) {
      NvmlDevice device = nullptr;
      found.push_back({i, api_->handle(i, &device) == kSuccess ? device : nullptr});
    }
  }
  return found;
}

std::vector<GpuState> GpuMonitor::read(GpuDetail detail) {
  std::vector<GpuState> states;
  for (const Handle& gpu : handles()) {
    // A GPU that fell off the bus keeps its place with everything unknown.
    states.push_back(gpu.device != nullptr ? api_->state_of(gpu.device, detail) : GpuState{});
    states.back().index = gpu.index;
  }
  return states;
}

std::optional<double> GpuMonitor::energy_j() {
  std::optional<double> sum;
  if (api_ == nullptr || api_->energy == nullptr) {
    return sum;
  }
  for (const Handle& gpu : handles()) {
    if (const auto millijoules = gpu.device != nullptr ? ask<NvmlUlong>(api_->energy, gpu.device) : std::nullopt) {
      sum = sum.value_or(0) + static_cast<double>(*millijoules) * kMilli;
    }
  }
  return sum;
}

}  // namespace mia::host
