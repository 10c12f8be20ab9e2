// SPDX-License-Identifier: MIT
// Private to the room: which tensors a model of a shape has, and of which type a public quantizer makes each.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/shape.h"

namespace mia::model {

struct PlannedTensor {
  std::string name;
  std::vector<std::int64_t> shape;  // ne[0] first
  std::uint32_t type = 0;
};

// Names and shapes as llama.cpp's converter writes them, all F32. The shape has passed check_shape().
[[nodiscard]] std::vector<PlannedTensor> tensor_list(const Shape& shape);

// What the choice of types depends on beside the tensor itself.
struct QuantContext {
  std::string architecture;
  std::int64_t layers = 0;
  std::int64_t heads = 0;
  std::int64_t kv_heads = 0;
  std::int64_t experts = 0;
  bool tied_output = false;
};

struct Quant {
  std::string_view name;   // "Q4_K_M"
  std::uint32_t type = 0;  // of most tensors
  std::int64_t file_type = 0;
};
[[nodiscard]] std::span<const Quant> quants();
[[nodiscard]] const Quant* find_quant(std::string_view name);  // any case

// The type that llama.cpp's quantizer (src/llama-quant.cpp, without importance matrix) gives a tensor; vectors, norms
// and routers keep the type they have.
[[nodiscard]] std::uint32_t quantized_type(const QuantContext& context, const Quant& quant,
                                           const PlannedTensor& tensor);

// Block number in "blk.7.attn_q.weight".
[[nodiscard]] std::optional<std::int64_t> block_of(std::string_view tensor_name);

}  // namespace mia::model
