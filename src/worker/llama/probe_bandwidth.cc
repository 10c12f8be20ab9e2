// SPDX-License-Identifier: MIT
// Read bandwidth of a device through ggml's own backend: a graph of sums over a tensor that no cache holds. A sum reads
// every element and writes one, as decoding reads all weights and writes next to nothing.
#include <algorithm>
#include <cstdint>
#include <memory>
#include <vector>

#include <ggml-alloc.h>
#include <ggml-backend.h>
#include <ggml.h>
#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/text.h"
#include "worker/llama/probes.h"
#include "worker/provider.h"

namespace mia::worker {
namespace {

constexpr std::int64_t kBytes = std::int64_t{1} << 30;  // several times the last cache of any device
constexpr std::int64_t kLeastBytes = std::int64_t{1} << 20;
constexpr std::int64_t kPiece = std::int64_t{4} << 20;  // floats written at once
constexpr int kSums = 8;                                // in one graph, so that launching it does not count
constexpr int kWarmUps = 2;
constexpr int kPasses = 10;

struct FreeTensors {
  void operator()(ggml_context* context) const { ggml_free(context); }
};
struct FreeBackend {
  void operator()(ggml_backend_t backend) const { ggml_backend_free(backend); }
};
struct FreeBuffer {
  void operator()(ggml_backend_buffer_t buffer) const { ggml_backend_buffer_free(buffer); }
};

// Values that no hardware can compress or skip.
void fill(ggml_tensor* tensor) {
  const std::int64_t count = ggml_nelements(tensor);
  std::vector<float> values(static_cast<std::size_t>(std::min(count, kPiece)));
  std::uint32_t state = 1;
  for (float& value : values) {
    state = state * 1664525U + 1013904223U;
    value = static_cast<float>(state >> 8U) * 0x1p-24F;
  }
  for (std::int64_t at = 0; at < count; at += kPiece) {
    const auto length = static_cast<std::size_t>(std::min(kPiece, count - at)) * sizeof(float);
    ggml_backend_tensor_set(tensor, values.data(), static_cast<std::size_t>(at) * sizeof(float), length);
  }
}

std::int64_t bytes_for(ggml_backend_dev_t device, std::int64_t asked) {
  std::size_t free_bytes = 0;
  std::size_t total_bytes = 0;
  ggml_backend_dev_memory(device, &free_bytes, &total_bytes);
  return total_bytes == 0 ? asked : std::min(asked, static_cast<std::int64_t>(free_bytes / 4));
}

// What was measured, or a reason in place of the figures.
Json measure(ggml_backend_dev_t device, std::int64_t asked) {
  Json result = {{"device", ggml_backend_dev_name(device)}, {"gb_s", nullptr}};
  const auto without = [&](const char* reason) {
    result["reason"] = reason;
    return result;
  };
  const std::int64_t bytes = bytes_for(device, asked);
  const std::unique_ptr<ggml_context, FreeTensors> tensors(
      ggml_init({ggml_tensor_overhead() * (kSums + 2) + ggml_graph_overhead(), nullptr, true}));
  ggml_tensor* const data =
      ggml_new_tensor_1d(tensors.get(), GGML_TYPE_F32, bytes / static_cast<std::int64_t>(sizeof(float)));
  ggml_cgraph* const graph = ggml_new_graph(tensors.get());
  for (int i = 0; i < kSums; ++i) {
    ggml_build_forward_expand(graph, ggml_sum(tensors.get(), data));
  }
  if (!ggml_backend_dev_supports_op(device, ggml_graph_node(graph, 0))) {
    return without("the device has no sum");
  }
  const std::unique_ptr<ggml_backend, FreeBackend> backend(ggml_backend_dev_init(device, nullptr));
  if (backend == nullptr) {
    return without("the device cannot be opened");
  }
  const std::unique_ptr<ggml_backend_buffer, FreeBuffer> buffer(
      ggml_backend_alloc_ctx_tensors(tensors.get(), backend.get()));
  if (buffer == nullptr) {
    return without("the device has no memory for it");
  }
  fill(data);
  double best_s = 0;
  for (int pass = 0; pass < kWarmUps + kPasses; ++pass) {
    const std::int64_t began = steady_ns();
    if (ggml_backend_graph_compute(backend.get(), graph) != GGML_STATUS_SUCCESS) {
      return without("the sum failed");
    }
    const double seconds = static_cast<double>(steady_ns() - began) * 1e-9;
    best_s = pass < kWarmUps || (best_s > 0 && best_s < seconds) ? best_s : seconds;
  }
  result["gb_s"] = static_cast<double>(bytes) * kSums / best_s / 1e9;
  result["bytes"] = bytes;
  result["passes"] = kPasses;
  return result;
}

}  // namespace

proto::Reply probe_bandwidth(const Json& arguments) {
  const std::string wanted = get_string(arguments, "device").value_or("");
  const std::int64_t bytes = std::max(get_int(arguments, "bytes").value_or(kBytes), kLeastBytes);
  Json list = Json::array();
  for (std::size_t i = 0; i < ggml_backend_dev_count(); ++i) {
    const ggml_backend_dev_t device = ggml_backend_dev_get(i);
    const auto type = ggml_backend_dev_type(device);
    const bool is_own_memory = type != GGML_BACKEND_DEVICE_TYPE_CPU && type != GGML_BACKEND_DEVICE_TYPE_ACCEL;
    if (wanted.empty() ? is_own_memory : wanted == ggml_backend_dev_name(device)) {
      list.push_back(measure(device, bytes));
    }
  }
  if (list.empty() && !wanted.empty()) {
    return refused(fmt::format("probe bandwidth: there is no device '{}'", one_line(wanted, 80)));
  }
  return proto::Probed{Json{{"devices", std::move(list)}}};
}

}  // namespace mia::worker
