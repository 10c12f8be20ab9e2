// SPDX-License-Identifier: MIT
// Which type each tensor gets in a mixed quantization. The rules are those of llama.cpp's public quantizer without an
// importance matrix: the output matrix and the more sensitive matrices of some layers get more bits, rows that are no
// multiple of a block fall back to a type with smaller blocks. gpt-oss (rows of 2880) shows what that does: most of a
// "Q4_K_M" becomes Q5_0 and Q8_0.
#include <algorithm>
#include <array>

#include "base/text.h"
#include "model/tensor_list.h"
#include "model/types.h"

namespace mia::model {
namespace {

constexpr std::array kQuants{
    Quant{"F32", kF32, 0},    Quant{"F16", kF16, 1},      Quant{"BF16", kBF16, 32},   Quant{"Q8_0", kQ8_0, 7},
    Quant{"Q4_0", kQ4_0, 2},  Quant{"Q4_1", kQ4_1, 3},    Quant{"Q5_K_M", kQ5_K, 17}, Quant{"Q4_K_M", kQ4_K, 15},
    Quant{"Q6_K", kQ6_K, 18}, Quant{"MXFP4", kMXFP4, 38},
};

bool is_kept(const PlannedTensor& tensor) {
  return tensor.shape.size() < 2 || !tensor.name.ends_with("weight") || contains(tensor.name, "_norm.weight") ||
         contains(tensor.name, "ffn_gate_inp.weight");
}

// The first and the last eighth of the layers and every third between.
bool uses_more_bits(std::int64_t layer, std::int64_t layers) {
  return layer < layers / 8 || layer >= 7 * layers / 8 || (layer - layers / 8) % 3 == 2;
}

std::uint32_t output_type(const Quant& quant, const PlannedTensor& tensor) {
  const std::int64_t block = find_type(quant.type)->block;
  if (quant.type == kMXFP4 || quant.type == kQ8_0 || tensor.shape.front() % block != 0) {
    return kQ8_0;
  }
  return kQ6_K;
}

std::uint32_t value_type(const QuantContext& context, const Quant& quant, bool more_bits) {
  if (context.experts == 8) {
    return kQ8_0;
  }
  if ((quant.name == "Q4_K_M" || quant.name == "Q5_K_M") && more_bits) {
    return kQ6_K;
  }
  // The shape of Llama 70B: value matrices are an eighth of the query matrices, more bits cost little.
  const bool is_70b = context.architecture == "llama" && context.layers == 80 && context.heads != context.kv_heads;
  return is_70b && quant.type == kQ4_K ? kQ5_K : quant.type;
}

std::uint32_t mixed_type(const QuantContext& context, const Quant& quant, const PlannedTensor& tensor) {
  const std::string_view name = tensor.name;
  if (name == "output.weight" || (context.tied_output && contains(name, "token_embd.weight"))) {
    return output_type(quant, tensor);
  }
  if (quant.type == kMXFP4) {
    return tensor.shape.size() > 2 && tensor.shape[2] > 1 ? kMXFP4 : kQ8_0;
  }
  const bool more_bits = uses_more_bits(block_of(name).value_or(0), context.layers);
  if (contains(name, "attn_v.weight")) {
    return value_type(context, quant, more_bits);
  }
  if (contains(name, "attn_k.weight") && context.experts == 8) {
    return kQ8_0;
  }
  if (contains(name, "attn_output.weight") && context.experts == 8 && quant.name == "Q4_K_M") {
    return kQ5_K;
  }
  if (contains(name, "attn_qkv.weight") && (quant.name == "Q4_K_M" || quant.name == "Q5_K_M")) {
    return quant.name == "Q4_K_M" ? kQ5_K : kQ6_K;
  }
  if (contains(name, "ffn_down") && (quant.name == "Q4_K_M" || quant.name == "Q5_K_M") && more_bits) {
    return kQ6_K;
  }
  return quant.type;
}

std::uint32_t with_fallback(std::uint32_t type, std::int64_t row) {
  if (row % find_type(type)->block == 0) {
    return type;
  }
  switch (type) {
    case kQ4_K:
      type = kQ5_0;
      break;
    case kQ5_K:
      type = kQ5_1;
      break;
    case kQ6_K:
      type = kQ8_0;
      break;
    default:
      break;
  }
  return row % find_type(type)->block == 0 ? type : kF16;
}

}  // namespace

std::span<const Quant> quants() {
  return kQuants;
}

const Quant* find_quant(std::string_view name) {
  const std::string wanted = lower(name);
  const auto* const found =
      std::find_if(kQuants.begin(), kQuants.end(), [&](const Quant& quant) { return lower(quant.name) == wanted; });
  return found == kQuants.end() ? nullptr : found;
}

std::uint32_t quantized_type(const QuantContext& context, const Quant& quant, const PlannedTensor& tensor) {
  if (is_kept(tensor)) {
    return tensor.type;
  }
  if (quant.type == kF32 || quant.type == kF16 || quant.type == kBF16) {
    return quant.type;
  }
  return with_fallback(mixed_type(context, quant, tensor), tensor.shape.front());
}

}  // namespace mia::model
