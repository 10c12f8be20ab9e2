// SPDX-License-Identifier: MIT
// What memory bandwidth allows decoding to reach, on the devices that really hold the weights.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "measure/plan.h"
#include "record/machine.h"
#include "record/settings.h"

namespace mia::measure {

// Read bandwidth of a device with memory of its own, measured through the runtime's own backend.
struct DeviceBandwidth {
  std::string device;  // "CUDA0"; of several, the slowest
  double gb_s = 0;
};

// Starts the subject's worker for a moment; nullopt where the runtime has no such device or cannot measure it.
[[nodiscard]] std::optional<DeviceBandwidth> measure_device_bandwidth(const Subject& subject);

// What this machine reads at; nullopt: not measured.
struct ReadRates {
  std::optional<double> memory_gb_s;
  std::optional<DeviceBandwidth> device;
};

struct DecodeLimit {
  std::optional<double> tok_s;
  std::string basis;  // "memory 23.4 GB/s", or why there is no limit
};

// Time of one token: the bytes on each device over that device's bandwidth, one after the other. Of `layers on the GPU`
// as llama.cpp counts them, the last one is the output matrix and the others are alike; the KV cache lies with its
// layer unless offload_kqv is off. `depth`: positions in the cache.
[[nodiscard]] DecodeLimit decode_limit(const record::ModelInfo& model, const record::Settings& requested,
                                       const record::Settings& effective, std::int64_t depth, const ReadRates& rates);

}  // namespace mia::measure
