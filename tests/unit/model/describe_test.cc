// SPDX-License-Identifier: MIT
#include "model/describe.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <optional>
#include <utility>

#include "gguf_builder.h"

namespace mia::model {
namespace {

using test::bytes_of;
using test::GgufBuilder;
using test::tiny_llama;

record::ModelInfo info_of(const GgufBuilder& builder) {
  const Result<GgufFile> file = parse_gguf(bytes_of(builder.file()), "x.gguf");
  EXPECT_TRUE(file) << file.error().message;
  const Result<record::ModelInfo> info = describe(*file, "x", "dir/x.gguf");
  EXPECT_TRUE(info) << info.error().message;
  return *info;
}

std::map<std::string, record::TensorGroup> groups_of(const record::ModelInfo& info) {
  std::map<std::string, record::TensorGroup> groups;
  for (const record::TensorGroup& group : info.groups) {
    groups[group.name] = group;
  }
  return groups;
}

TEST(Describe, FactsOfATinyModel) {
  const record::ModelInfo info = info_of(tiny_llama());
  EXPECT_EQ(info.id, "x");
  EXPECT_EQ(info.path, "dir/x.gguf");
  EXPECT_EQ(info.architecture, "llama");
  EXPECT_EQ(info.display_name, "Tiny");
  EXPECT_EQ(info.quantization, "Q4_0");
  EXPECT_EQ(info.tokenizer, "gpt2");
  EXPECT_EQ(info.vocabulary, 10);
  EXPECT_EQ(info.layers, 2);
  EXPECT_EQ(info.context, 128);
  EXPECT_EQ(info.embedding, 8);
  EXPECT_EQ(info.heads, 2);
  EXPECT_EQ(info.kv_heads, 1);
  EXPECT_EQ(info.experts, std::nullopt);
  EXPECT_EQ(info.sliding_window, std::nullopt);
  EXPECT_FALSE(info.synthetic);
  // 80 + 2 * (8 + 64 + 32 + 32 + 64 + 8 + 128 + 128) + 8 weights of 4 bytes.
  EXPECT_EQ(info.parameters, 80 + 2 * 464 + 8);
  EXPECT_EQ(info.tensor_bytes, 4 * info.parameters);
  // All but the table, which is read once as output matrix and once for one row of 8.
  EXPECT_EQ(info.bytes_per_token, 4 * info.parameters + 4 * 8);
  EXPECT_EQ(info.multiply_adds, 80 + 2 * (64 + 32 + 32 + 64 + 128 + 128));
  // 2 layers, 1 head, 4 + 4 elements of 2 bytes.
  EXPECT_EQ(info.kv_bytes_per_position, 32);
  EXPECT_EQ(bytes_per_token_at(info, 0), info.bytes_per_token);
  EXPECT_EQ(bytes_per_token_at(info, 100), info.bytes_per_token + 3200);
}

TEST(Describe, GroupsAddUp) {
  const record::ModelInfo info = info_of(tiny_llama());
  auto groups = groups_of(info);
  EXPECT_EQ(groups["attention"].tensors, 8);
  EXPECT_EQ(groups["attention"].bytes, 2 * 768);
  EXPECT_EQ(groups["ffn"].bytes, 2 * 1024);
  EXPECT_EQ(groups["norm"].tensors, 5);
  EXPECT_EQ(groups["norm"].multiply_adds, 0);
  EXPECT_EQ(groups["embedding"].bytes, 320);
  EXPECT_EQ(groups["embedding"].bytes_per_token, 32);
  EXPECT_EQ(groups["output"].tensors, 0);
  EXPECT_EQ(groups["output"].bytes_per_token, 320);
  EXPECT_EQ(groups["output"].multiply_adds, 80);
  std::int64_t bytes = 0;
  std::int64_t read = 0;
  for (const auto& [name, group] : groups) {
    bytes += group.bytes;
    read += group.bytes_per_token;
  }
  EXPECT_EQ(bytes, info.tensor_bytes);
  EXPECT_EQ(read, info.bytes_per_token);
  ASSERT_EQ(info.types.size(), 1U);
  EXPECT_EQ(info.types[0].type, "F32");
  EXPECT_EQ(info.types[0].bytes, info.tensor_bytes);
}

TEST(Describe, AnOwnOutputMatrixIsNotCountedTwice) {
  GgufBuilder b = tiny_llama();
  b.tensor("output.weight", {32, 10}, 2, 180);
  auto groups = groups_of(info_of(b));
  EXPECT_EQ(groups["output"].tensors, 1);
  EXPECT_EQ(groups["output"].bytes_per_token, 180);
  EXPECT_EQ(groups["output"].multiply_adds, 320);
  EXPECT_EQ(groups["embedding"].bytes_per_token, 32);
}

TEST(Describe, ExpertsAreReadByTheirShare) {
  GgufBuilder b;
  b.text("general.architecture", "gpt-oss").u32("gpt-oss.block_count", 1).u32("gpt-oss.expert_count", 8);
  b.u32("gpt-oss.expert_used_count", 2);
  b.tensor("blk.0.ffn_gate_inp.weight", {32, 8}, 0, 1024);
  b.tensor("blk.0.ffn_up_exps.weight", {32, 64, 8}, 39, 17 * 64 * 8);
  b.tensor("blk.0.ffn_up_exps.bias", {64, 8}, 0, 2048);
  const record::ModelInfo info = info_of(b);
  auto groups = groups_of(info);
  EXPECT_EQ(groups["experts"].bytes, 17 * 64 * 8 + 2048);
  EXPECT_EQ(groups["experts"].bytes_per_token, 17 * 64 * 2 + 512);
  EXPECT_EQ(groups["experts"].multiply_adds, 32 * 64 * 2);
  EXPECT_EQ(groups["ffn"].bytes_per_token, 1024);
  EXPECT_EQ(info.experts_used, 2);
  EXPECT_EQ(info.quantization, "MXFP4");  // no general.file_type: the type with most bytes
}

TEST(Describe, MoreExpertsUsedThanThereAreIsAnError) {
  GgufBuilder b;
  b.text("general.architecture", "x").u32("x.expert_count", 2).u32("x.expert_used_count", 3);
  const Result<GgufFile> file = parse_gguf(bytes_of(b.file()), "x.gguf");
  EXPECT_FALSE(describe(*file, "x", "x.gguf"));
  const Result<GgufFile> none = parse_gguf(bytes_of(GgufBuilder().u32("a", 1).file()), "x.gguf");
  EXPECT_NE(describe(*none, "x", "x.gguf").error().message.find("general.architecture"), std::string::npos);
}

GgufBuilder attention(const std::string& arch, std::uint32_t layers) {
  GgufBuilder b;
  b.text("general.architecture", arch).u32(arch + ".block_count", layers).u32(arch + ".embedding_length", 64);
  b.u32(arch + ".attention.head_count", 4).tensor("output_norm.weight", {8}, 0, 32);
  return b;
}

TEST(Describe, KvByHeadDimensionsOfTheModelNotOfItsWidth) {
  EXPECT_EQ(info_of(attention("llama", 1)).kv_bytes_per_position, 4 * (16 + 16) * 2);
  GgufBuilder b = attention("qwen3", 3);
  b.u32("qwen3.attention.head_count_kv", 2).u32("qwen3.attention.key_length", 128);
  b.u32("qwen3.attention.value_length", 64);
  const record::ModelInfo info = info_of(b);
  EXPECT_EQ(info.kv_bytes_per_position, 3 * 2 * (128 + 64) * 2);
  // Two query heads share a KV head: it is read once and multiplied twice.
  EXPECT_EQ(info.kv_multiply_adds_per_position, 3 * 4 * (128 + 64));
}

TEST(Describe, KvHeadsPerLayer) {
  GgufBuilder b = attention("lfm2", 4);
  b.i32_array("lfm2.attention.head_count_kv", {0, 2, 0, 1});
  const record::ModelInfo info = info_of(b);
  EXPECT_EQ(info.kv_bytes_per_position, 3 * (16 + 16) * 2);
  EXPECT_EQ(info.kv_heads, 2);
}

TEST(Describe, LayersWithAWindowReadTheWindowAtMost) {
  GgufBuilder b = attention("gpt-oss", 4);
  b.u32("gpt-oss.attention.sliding_window", 128);
  const record::ModelInfo info = info_of(b);
  const std::int64_t layer = 4 * (16 + 16) * 2;
  EXPECT_EQ(info.sliding_window, 128);
  EXPECT_EQ(info.window_layers, (std::vector<std::int64_t>{0, 2}));
  EXPECT_EQ(info.kv_bytes_per_position, 4 * layer);
  EXPECT_EQ(info.kv_window_bytes_per_position, 2 * layer);
  EXPECT_EQ(bytes_per_token_at(info, 100), info.bytes_per_token + 100 * 4 * layer);
  EXPECT_EQ(bytes_per_token_at(info, 1000), info.bytes_per_token + (1000 + 128) * 2 * layer);
  EXPECT_EQ(kv_multiply_adds_at(info, 100), 100 * 4 * (layer / 2));
  EXPECT_EQ(kv_multiply_adds_at(info, 1000), (1000 + 128) * 2 * (layer / 2));
}

// One row of 64 elements for all heads is key and value at once: read once, multiplied as both.
TEST(Describe, LatentAttentionKeepsOneRow) {
  GgufBuilder b = attention("deepseek2", 1);
  b.u32("deepseek2.attention.head_count_kv", 1).u32("deepseek2.attention.key_length", 64);
  b.u32("deepseek2.attention.value_length", 48).u32("deepseek2.attention.key_length_mla", 24);
  const record::ModelInfo info = info_of(b);
  EXPECT_EQ(info.kv_bytes_per_position, 64 * 2);
  EXPECT_EQ(info.kv_multiply_adds_per_position, 4 * (64 + 48));
}

TEST(Describe, WindowPatternOfTheFileWins) {
  GgufBuilder b = attention("gemma3", 6);
  b.u32("gemma3.attention.sliding_window", 512);
  EXPECT_EQ(info_of(b).kv_window_bytes_per_position, 5 * 256);
  b.i32_array("gemma3.attention.sliding_window_pattern", {1, 0, 0, 0, 0, 0});
  EXPECT_EQ(info_of(b).kv_window_bytes_per_position, 256);
}

// What each architecture's loader in llama.cpp does where the file holds no pattern.
TEST(Describe, TheWindowedLayersAreThoseOfTheArchitecture) {
  const auto layers = [](const std::string& arch, std::uint32_t count, std::optional<std::uint32_t> window) {
    GgufBuilder b = attention(arch, count);
    if (window) {
      b.u32(arch + ".attention.sliding_window", *window);
    }
    const record::ModelInfo info = info_of(b);
    return std::pair(info.sliding_window.value_or(0), info.window_layers);
  };
  using Found = std::pair<std::int64_t, std::vector<std::int64_t>>;
  EXPECT_EQ(layers("gemma3", 7, 1024), (Found{1024, {0, 1, 2, 3, 4, 6}})) << "every 6th attends to all";
  EXPECT_EQ(layers("smallthinker", 5, 4096), (Found{4096, {1, 2, 3}})) << "the first of each 4 attends to all";
  EXPECT_EQ(layers("llama4", 4, std::nullopt), (Found{8192, {0, 1, 2}})) << "the file does not tell the window";
  EXPECT_EQ(layers("llama4", 4, 0), (Found{0, {}}));
  EXPECT_EQ(layers("phi3", 2, 2047), (Found{0, {}})) << "llama.cpp does not use it";
}

TEST(Describe, AModelSaysWhatItIsFor) {
  const auto kind = [](GgufBuilder b) { return info_of(b).kind; };
  EXPECT_EQ(kind(tiny_llama()), "decoder");
  EXPECT_EQ(kind(attention("bert", 2).boolean("bert.attention.causal", false).u32("bert.pooling_type", 1)), "encoder");
  EXPECT_EQ(kind(attention("nomic-bert-moe", 2)), "encoder");
  EXPECT_EQ(kind(attention("qwen3", 2).u32("qwen3.pooling_type", 3)), "embedding");
  EXPECT_EQ(kind(attention("qwen3", 2).u32("qwen3.pooling_type", 4)), "reranker");
  EXPECT_EQ(kind(attention("t5", 2).u32("t5.decoder_start_token_id", 0)), "encoder-decoder");
  EXPECT_FALSE(record::is_decoder(info_of(attention("gemma-embedding", 2))));
  EXPECT_TRUE(record::is_decoder(info_of(tiny_llama())));
}

TEST(Describe, AWindowThatTheArchitectureIgnoresIsIgnored) {
  GgufBuilder b = attention("llama", 4);
  b.u32("llama.attention.sliding_window", 128);
  const record::ModelInfo info = info_of(b);
  EXPECT_EQ(info.sliding_window, std::nullopt);
  EXPECT_EQ(info.kv_window_bytes_per_position, 0);
}

TEST(Describe, BlocksForFurtherTokensAreNotRead) {
  GgufBuilder b = tiny_llama();
  b.u32("llama.nextn_predict_layers", 1);
  const record::ModelInfo all = info_of(tiny_llama());
  const record::ModelInfo info = info_of(b);
  EXPECT_EQ(info.bytes_per_token, all.bytes_per_token - 464 * 4);
  EXPECT_EQ(info.tensor_bytes, all.tensor_bytes);
}

TEST(Describe, TokenizerHashFollowsEveryToken) {
  const auto with_tokens = [](const std::vector<std::string>& tokens) {
    GgufBuilder b;
    b.text("general.architecture", "llama").text("tokenizer.ggml.model", "gpt2");
    b.texts("tokenizer.ggml.tokens", tokens).tensor("output_norm.weight", {8}, 0, 32);
    return info_of(b);
  };
  std::vector<std::string> tokens(1000, "x");
  const record::ModelInfo one = with_tokens(tokens);
  EXPECT_EQ(one.tokenizer_hash, with_tokens(tokens).tokenizer_hash);
  EXPECT_FALSE(one.tokenizer_hash.empty());
  EXPECT_EQ(one.vocabulary, 1000);
  tokens[999] = "y";
  EXPECT_NE(one.tokenizer_hash, with_tokens(tokens).tokenizer_hash);
}

TEST(Describe, GroupNames) {
  EXPECT_EQ(group_of("token_embd.weight"), "embedding");
  EXPECT_EQ(group_of("output.weight"), "output");
  EXPECT_EQ(group_of("output_norm.weight"), "norm");
  EXPECT_EQ(group_of("blk.0.attn_q_norm.weight"), "norm");
  EXPECT_EQ(group_of("blk.0.attn_sinks.weight"), "attention");
  EXPECT_EQ(group_of("blk.0.attn_output.bias"), "attention");
  EXPECT_EQ(group_of("blk.0.ffn_down_exps.weight"), "experts");
  EXPECT_EQ(group_of("blk.0.ffn_down_shexp.weight"), "shared experts");
  EXPECT_EQ(group_of("blk.0.ffn_gate_inp_shexp.weight"), "shared experts");
  EXPECT_EQ(group_of("blk.0.ssm_in.weight"), "other");
  EXPECT_EQ(group_of("rope_freqs.weight"), "other");
}

}  // namespace
}  // namespace mia::model
