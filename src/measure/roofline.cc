// SPDX-License-Identifier: MIT
#include "measure/roofline.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>
#include <utility>

#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/text.h"
#include "client/worker.h"
#include "host/bandwidth.h"
#include "model/describe.h"

namespace mia::measure {
namespace {

constexpr double kProbeLimitS = 60;
constexpr double kGiga = 1e9;

// Bytes of one number of the KV cache against f16, which the model's description assumes: blocks of 32 with their
// scales.
double cache_scale(const record::OptString& type) {
  constexpr std::array<std::pair<std::string_view, double>, 9> kBits{{{"f32", 32.0},
                                                                      {"f16", 16.0},
                                                                      {"bf16", 16.0},
                                                                      {"q8_0", 8.5},
                                                                      {"q5_1", 6.0},
                                                                      {"q5_0", 5.5},
                                                                      {"q4_1", 5.0},
                                                                      {"q4_0", 4.5},
                                                                      {"iq4_nl", 4.5}}};
  const auto at = std::ranges::find(kBits, type.value_or("f16"), &std::pair<std::string_view, double>::first);
  return (at == kBits.end() ? 16.0 : at->second) / 16.0;
}

// What the cache adds to one token; keys and values are taken to be of one size.
double cache_bytes(const record::ModelInfo& model, const record::Settings& effective, std::int64_t depth) {
  const auto f16 = static_cast<double>(model::kv_bytes_at(model, depth));
  return f16 * (cache_scale(effective.llm.cache_type_k) + cache_scale(effective.llm.cache_type_v)) / 2;
}

struct Bytes {
  double on_device = 0;
  double in_memory = 0;
};

// What one token reads on either side.
Bytes bytes_of(const record::ModelInfo& model, const record::Settings& requested, std::int64_t gpu_layers,
               double cache) {
  const auto output = std::ranges::find(model.groups, "output", &record::TensorGroup::name);
  const double out = output == model.groups.end() ? 0 : static_cast<double>(output->bytes_per_token);
  const auto weights = static_cast<double>(model.bytes_per_token);
  const auto layers = static_cast<double>(model.layers.value_or(1));
  const double share = std::clamp(static_cast<double>(gpu_layers - 1) / layers, 0.0, 1.0);
  Bytes bytes;
  bytes.on_device = out + share * (weights - out) + (requested.llm.offload_kqv.value_or(true) ? share * cache : 0);
  bytes.in_memory = weights + cache - bytes.on_device;
  return bytes;
}

}  // namespace

std::optional<DeviceBandwidth> measure_device_bandwidth(const Subject& subject) {
  if (std::ranges::none_of(subject.runtime.devices, record::is_gpu)) {
    return std::nullopt;
  }
  client::Worker worker;
  if (!worker.open({subject.runtime, subject.env}, kProbeLimitS)) {
    return std::nullopt;
  }
  const auto told = worker.probe({"bandwidth", Json::object()}, kProbeLimitS);
  if (!told.ok()) {
    return std::nullopt;
  }
  std::optional<DeviceBandwidth> slowest;
  const Json& devices = get_member(told.value->result, "devices");
  for (const Json& device : devices.is_array() ? devices : Json::array()) {
    const double gb_s = get_double(device, "gb_s").value_or(0);
    if (gb_s > 0 && (!slowest || gb_s < slowest->gb_s)) {
      slowest = DeviceBandwidth{get_string(device, "device").value_or("?"), gb_s};
    }
  }
  return slowest;
}

DecodeLimit decode_limit(const record::ModelInfo& model, const record::Settings& requested,
                         const record::Settings& effective, std::int64_t depth, const ReadRates& rates) {
  const std::int64_t gpu_layers = effective.llm.n_gpu_layers.value_or(0);
  if (gpu_layers == 0) {
    if (!rates.memory_gb_s) {
      return {std::nullopt, "the memory's bandwidth was not measured"};
    }
    return {host::decode_limit_tok_s(model.bytes_per_token, std::llround(cache_bytes(model, effective, depth)),
                                     *rates.memory_gb_s),
            fmt::format("memory {:.1f} GB/s", *rates.memory_gb_s)};
  }
  if (!rates.device) {
    return {std::nullopt, "the GPU's bandwidth was not measured"};
  }
  if (requested.llm.n_cpu_moe.value_or(0) > 0 || requested.llm.override_tensor || !model.layers) {
    return {std::nullopt, "which bytes lie on which device is not known: single tensors were moved"};
  }
  const Bytes bytes = bytes_of(model, requested, gpu_layers, cache_bytes(model, effective, depth));
  std::string basis = fmt::format("{} {:.0f} GB/s", rates.device->device, rates.device->gb_s);
  double seconds = bytes.on_device / (rates.device->gb_s * kGiga);
  constexpr double kAll = 0.999;  // an embedding row stays in memory
  if (bytes.on_device < kAll * (bytes.on_device + bytes.in_memory)) {
    if (!rates.memory_gb_s) {
      return {std::nullopt, "the memory's bandwidth was not measured"};
    }
    basis += fmt::format(" for {}, memory {:.1f} GB/s for {}", human_bytes(static_cast<std::int64_t>(bytes.on_device)),
                         *rates.memory_gb_s, human_bytes(static_cast<std::int64_t>(bytes.in_memory)));
    seconds += bytes.in_memory / (*rates.memory_gb_s * kGiga);
  }
  return {seconds > 0 ? std::optional(1 / seconds) : std::nullopt, basis};
}

}  // namespace mia::measure
