// SPDX-License-Identifier: MIT
// Known answers of llama.cpp's own llama-quantize (0.5.0-dev, --dry-run on F32 files of these shapes).
#include <gtest/gtest.h>

#include "model/tensor_list.h"
#include "model/types.h"

namespace mia::model {
namespace {

QuantContext context_of(const Shape& s) {
  return {s.architecture, s.layers, s.heads, s.kv_heads, s.experts, s.tied_output};
}

// Layers whose tensor `name` has `type` in a Q4_K_M of a preset.
std::vector<std::int64_t> layers_with(std::uint32_t type, const std::string& shape_name, std::string_view name) {
  const Shape shape = *preset(shape_name);
  std::vector<std::int64_t> layers;
  for (const PlannedTensor& tensor : tensor_list(shape)) {
    if (tensor.name.ends_with(name) && quantized_type(context_of(shape), *find_quant("Q4_K_M"), tensor) == type) {
      layers.push_back(block_of(tensor.name).value_or(-1));
    }
  }
  return layers;
}

using Layers = std::vector<std::int64_t>;

TEST(QuantRules, LayersWithMoreBits) {
  const Layers llama{0, 1, 2, 3, 6, 9, 12, 15, 18, 21, 24, 27, 28, 29, 30, 31};
  EXPECT_EQ(layers_with(kQ6_K, "llama-3.1-8b", ".attn_v.weight"), llama);
  EXPECT_EQ(layers_with(kQ6_K, "llama-3.1-8b", ".ffn_down.weight"), llama);
  EXPECT_EQ(layers_with(kQ6_K, "llama-3.1-8b", ".attn_q.weight"), Layers{});
}

TEST(QuantRules, RowsThatDoNotFitFallBack) {
  const Layers more{0, 1, 2, 5, 8, 11, 14, 17, 20, 21, 22, 23};
  const Layers fewer{3, 4, 6, 7, 9, 10, 12, 13, 15, 16, 18, 19};
  EXPECT_EQ(layers_with(kQ8_0, "gpt-oss-20b", ".attn_v.weight"), more);
  EXPECT_EQ(layers_with(kQ8_0, "gpt-oss-20b", ".ffn_down_exps.weight"), more);
  EXPECT_EQ(layers_with(kQ5_0, "gpt-oss-20b", ".ffn_down_exps.weight"), fewer);
  EXPECT_EQ(layers_with(kQ4_K, "gpt-oss-20b", ".attn_output.weight").size(), 24U);  // rows of 4096
  EXPECT_EQ(layers_with(kQ5_0, "gpt-oss-20b", ".ffn_up_exps.weight").size(), 24U);
  const Layers gemma{0, 1, 2, 5, 8, 11, 14, 17, 20, 22, 23, 24, 25};
  EXPECT_EQ(layers_with(kQ8_0, "gemma-3-1b", ".attn_v.weight"), gemma);  // rows of 1152
  EXPECT_EQ(layers_with(kQ6_K, "gemma-3-1b", ".ffn_down.weight"), gemma);
}

TEST(QuantRules, RowsThatFitNoBlockBecomeF16) {
  const QuantContext context{"llama", 2, 2, 2, 0, false};
  for (const char* const quant : {"Q4_0", "Q8_0", "Q4_K_M", "Q6_K"}) {
    EXPECT_EQ(quantized_type(context, *find_quant(quant), {"blk.0.attn_q.weight", {48, 64}, kF32}), kF16) << quant;
  }
}

TEST(QuantRules, WhatIsNeverQuantized) {
  const QuantContext context{"gpt-oss", 2, 2, 2, 4, false};
  for (const Quant& quant : quants()) {
    for (const PlannedTensor& tensor : {PlannedTensor{"blk.0.attn_norm.weight", {256}, kF32},
                                        PlannedTensor{"blk.0.ffn_gate_inp.weight", {256, 4}, kF32},
                                        PlannedTensor{"blk.0.ffn_up_exps.bias", {256, 4}, kF32}}) {
      EXPECT_EQ(quantized_type(context, quant, tensor), kF32) << quant.name << " " << tensor.name;
    }
  }
}

// Mixtral's eight experts have rules of their own.
TEST(QuantRules, EightExperts) {
  const QuantContext context{"llama", 32, 32, 8, 8, false};
  const Quant& quant = *find_quant("Q4_K_M");
  EXPECT_EQ(quantized_type(context, quant, {"blk.9.attn_k.weight", {4096, 1024}, kF32}), kQ8_0);
  EXPECT_EQ(quantized_type(context, quant, {"blk.10.attn_v.weight", {4096, 1024}, kF32}), kQ8_0);
  EXPECT_EQ(quantized_type(context, quant, {"blk.9.attn_output.weight", {4096, 4096}, kF32}), kQ5_K);
  EXPECT_EQ(quantized_type(context, quant, {"blk.9.attn_q.weight", {4096, 4096}, kF32}), kQ4_K);
}

// Known from the quantizer's source: the value matrices of Llama 70B (80 layers, 64 heads, 8 KV heads) are small and
// get Q5_K where others keep Q4_K; one matrix for query, key and value gets a type more.
TEST(QuantRules, Llama70BAndFusedAttention) {
  const QuantContext large{"llama", 80, 64, 8, 0, false};
  const auto type = [](const QuantContext& context, const char* quant, const char* name) {
    return quantized_type(context, *find_quant(quant), {name, {8192, 1024}, kF32});
  };
  EXPECT_EQ(type(large, "Q4_K_M", "blk.10.attn_v.weight"), kQ5_K);
  EXPECT_EQ(type(large, "Q4_K_M", "blk.9.attn_v.weight"), kQ6_K);
  EXPECT_EQ(type(large, "Q5_K_M", "blk.10.attn_v.weight"), kQ5_K);
  EXPECT_EQ(type(large, "Q4_0", "blk.10.attn_v.weight"), kQ4_0);
  EXPECT_EQ(type({"llama", 80, 64, 64, 0, false}, "Q4_K_M", "blk.10.attn_v.weight"), kQ4_K);
  EXPECT_EQ(type({"llama", 79, 64, 8, 0, false}, "Q4_K_M", "blk.12.attn_v.weight"), kQ4_K);
  EXPECT_EQ(type({"qwen3", 80, 64, 8, 0, false}, "Q4_K_M", "blk.10.attn_v.weight"), kQ4_K);
  EXPECT_EQ(type(large, "Q4_K_M", "blk.10.attn_qkv.weight"), kQ5_K);
  EXPECT_EQ(type(large, "Q5_K_M", "blk.10.attn_qkv.weight"), kQ6_K);
  EXPECT_EQ(type(large, "Q4_0", "blk.10.attn_qkv.weight"), kQ4_0);
}

}  // namespace
}  // namespace mia::model
