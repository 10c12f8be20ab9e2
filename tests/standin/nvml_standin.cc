// SPDX-License-Identifier: MIT
// A stand-in for NVIDIA's management library: what it says comes from the JSON file that MIA_NVML_SCRIPT names.
//
//   {"init": 0,                     status of nvmlInit_v2, e.g. 9 driver not loaded
//    "driver": "550.54.15",
//    "cuda": 12040,               as CUDA writes its versions
//    "states": [{"gpus": [{"name": "...", "memory_total": 1, ...}]}, ...]}
//
// Every nvmlDeviceGetCount_v2 goes on to the next state and the last one stays. A value that a GPU does not name is
// "not supported", {"lost": true} is a GPU that fell off the bus. nvmlInit_v2 reads the script anew.
#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <mutex>
#include <string>

#include <nlohmann/json.hpp>

#define EXPORT extern "C" __attribute__((visibility("default")))

namespace {

using Json = nlohmann::json;
using Ulong = unsigned long long;

constexpr int kSuccess = 0;
constexpr int kUninitialized = 1;
constexpr int kInvalidArgument = 2;
constexpr int kNotSupported = 3;
constexpr int kInsufficientSize = 7;
constexpr int kDriverNotLoaded = 9;
constexpr int kGpuIsLost = 15;
constexpr int kVersionMismatch = 25;

struct Memory {
  Ulong total;
  Ulong free;
  Ulong used;
};
struct MemoryV2 {
  unsigned version;
  Ulong total;
  Ulong reserved;
  Ulong free;
  Ulong used;
};
struct Pci {
  char legacy[16];
  unsigned domain;
  unsigned bus;
  unsigned device;
  unsigned pci_device_id;
  unsigned pci_sub_system_id;
  char bus_id[32];
};
struct Process {
  unsigned pid;
  Ulong memory;
  unsigned gpu_instance;
  unsigned compute_instance;
};
struct Violation {
  Ulong reference_time;
  Ulong violation_time;
};

struct Stage {
  std::mutex mutex;
  Json script;
  std::size_t next = 0;
  Json gpus = Json::array();
  bool initialized = false;
};

Stage& stage() {
  static Stage the_stage;
  return the_stage;
}

// Devices are handed out as their index plus one, so that none of them is null.
int find(void* device, const char* key, Json& value) {
  const std::lock_guard lock(stage().mutex);
  const auto index = reinterpret_cast<std::size_t>(device) - 1;
  if (!stage().initialized) {
    return kUninitialized;
  }
  if (index >= stage().gpus.size()) {
    return kInvalidArgument;
  }
  const Json& gpu = stage().gpus[index];
  if (!gpu.contains(key)) {
    return kNotSupported;
  }
  value = gpu[key];
  return kSuccess;
}

template <class T>
int give(void* device, const char* key, T* to) {
  Json value;
  const int status = find(device, key, value);
  if (status == kSuccess) {
    *to = value.get<T>();
  }
  return status;
}

int give_text(const std::string& text, char* to, unsigned size) {
  if (text.size() + 1 > size) {
    return kInsufficientSize;
  }
  std::memcpy(to, text.c_str(), text.size() + 1);
  return kSuccess;
}

[[maybe_unused]] int give_processes(void* device, const char* key, unsigned* count, Process* to) {
  Json value;
  if (const int status = find(device, key, value); status != kSuccess) {
    return status;
  }
  const unsigned room = *count;
  *count = static_cast<unsigned>(value.size());
  if (room < value.size()) {
    return kInsufficientSize;
  }
  for (std::size_t i = 0; i < value.size(); ++i) {
    to[i] = {value[i].get<unsigned>(), 0, 0xffffffffU, 0xffffffffU};
  }
  return kSuccess;
}

}  // namespace

// The names are NVML's.
// NOLINTBEGIN(readability-identifier-naming): names of the library it stands for
EXPORT int nvmlInit_v2() {
  const std::lock_guard lock(stage().mutex);
  const char* const path = std::getenv("MIA_NVML_SCRIPT");
  std::ifstream file(path != nullptr ? path : "");
  stage().script = Json::parse(file, nullptr, false);
  if (!stage().script.is_object()) {
    return kDriverNotLoaded;
  }
  stage().next = 0;
  stage().gpus = Json::array();
  const int status = stage().script.value("init", kSuccess);
  stage().initialized = status == kSuccess;
  return status;
}

EXPORT int nvmlShutdown() {
  const std::lock_guard lock(stage().mutex);
  stage().initialized = false;
  return kSuccess;
}

EXPORT int nvmlSystemGetDriverVersion(char* to, unsigned size) {
  return give_text(stage().script.value("driver", "0.0"), to, size);
}

EXPORT int nvmlSystemGetCudaDriverVersion_v2(int* version) {
  *version = stage().script.value("cuda", 0);
  return *version > 0 ? kSuccess : kNotSupported;
}

EXPORT int nvmlDeviceGetCount_v2(unsigned* count) {
  const std::lock_guard lock(stage().mutex);
  const Json states = stage().script.value("states", Json::array());
  if (!states.empty()) {
    stage().gpus = states[std::min(stage().next, states.size() - 1)].value("gpus", Json::array());
    ++stage().next;
  }
  *count = static_cast<unsigned>(stage().gpus.size());
  return kSuccess;
}

EXPORT int nvmlDeviceGetHandleByIndex_v2(unsigned index, void** device) {
  const std::lock_guard lock(stage().mutex);
  if (index >= stage().gpus.size()) {
    return kInvalidArgument;
  }
  *device = reinterpret_cast<void*>(std::size_t{index} + 1);  // NOLINT(performance-no-int-to-ptr): a handle
  return stage().gpus[index].value("lost", false) ? kGpuIsLost : kSuccess;
}

EXPORT int nvmlDeviceGetName(void* device, char* to, unsigned size) {
  Json value;
  const int status = find(device, "name", value);
  return status == kSuccess ? give_text(value.get<std::string>(), to, size) : status;
}

EXPORT int nvmlDeviceGetMemoryInfo(void* device, Memory* to) {
  if (const int status = give(device, "memory_total", &to->total); status != kSuccess) {
    return status;
  }
  // the first version counts what the driver keeps as used
  Ulong reserved = 0;
  static_cast<void>(give(device, "memory_reserved", &reserved));
  const int status = give(device, "memory_used", &to->used);
  to->used += reserved;
  to->free = to->total - to->used;
  return status;
}

EXPORT int nvmlDeviceGetClockInfo(void* device, unsigned type, unsigned* mhz) {
  constexpr unsigned kSm = 1;
  constexpr unsigned kMemory = 2;
  if (type != kSm && type != kMemory) {
    return kInvalidArgument;
  }
  return give(device, type == kSm ? "sm_clock" : "memory_clock", mhz);
}

EXPORT int nvmlDeviceGetTemperature(void* device, unsigned /*sensor*/, unsigned* celsius) {
  return give(device, "temperature", celsius);
}
EXPORT int nvmlDeviceGetPowerUsage(void* device, unsigned* milliwatts) {
  return give(device, "power_mw", milliwatts);
}
EXPORT int nvmlDeviceGetCurrPcieLinkGeneration(void* device, unsigned* to) {
  return give(device, "pcie_generation", to);
}
EXPORT int nvmlDeviceGetEccMode(void* device, unsigned* current, unsigned* pending) {
  const int status = give(device, "ecc", current);
  *pending = *current;
  return status;
}
EXPORT int nvmlDeviceGetCurrentClocksThrottleReasons(void* device, Ulong* mask) {
  return give(device, "reasons", mask);
}

#ifndef MIA_STANDIN_OLD
EXPORT int nvmlDeviceGetMemoryInfo_v2(void* device, MemoryV2* to) {
  constexpr unsigned kSize = 40;
  if (to->version != (kSize | (2U << 24U))) {
    return kVersionMismatch;
  }
  if (const int status = give(device, "memory_total", &to->total); status != kSuccess) {
    return status;
  }
  static_cast<void>(give(device, "memory_reserved", &to->reserved));
  return give(device, "memory_used", &to->used);
}
EXPORT const char* nvmlErrorString(int status) {
  return status == kDriverNotLoaded ? "Driver Not Loaded" : "Some Other Error";
}
EXPORT int nvmlDeviceGetCurrentClocksEventReasons(void* device, Ulong* mask) {
  return give(device, "reasons", mask);
}
EXPORT int nvmlDeviceGetTotalEnergyConsumption(void* device, Ulong* millijoules) {
  // With "energy_step_mj" each reading finds that much more used than the one before.
  static std::atomic<Ulong> readings{0};
  Ulong step = 0;
  static_cast<void>(give(device, "energy_step_mj", &step));
  const int status = give(device, "energy_mj", millijoules);
  if (status == kSuccess) {
    *millijoules += step * ++readings;
  }
  return status;
}
EXPORT int nvmlDeviceGetViolationStatus(void* device, unsigned policy, Violation* to) {
  constexpr unsigned kThermal = 1;
  return policy == kThermal ? give(device, "thermal_ns", &to->violation_time) : kNotSupported;
}
EXPORT int nvmlDeviceGetPciInfo_v3(void* device, Pci* to) {
  return give(device, "pci_bus", &to->bus);
}
EXPORT int nvmlDeviceGetComputeRunningProcesses_v3(void* device, unsigned* count, Process* to) {
  return give_processes(device, "compute", count, to);
}
EXPORT int nvmlDeviceGetGraphicsRunningProcesses_v3(void* device, unsigned* count, Process* to) {
  return give_processes(device, "graphics", count, to);
}
#endif
// NOLINTEND(readability-identifier-naming)
