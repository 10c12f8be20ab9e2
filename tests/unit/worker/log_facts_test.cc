// SPDX-License-Identifier: MIT
// Lines as several versions of llama.cpp print them.
#include "worker/llama/log_facts.h"

#include <gtest/gtest.h>

namespace mia::worker {
namespace {

TEST(LogFacts, BuffersPerDeviceAndKind) {
  const auto buffers = buffers_in({
      "load_tensors:   CPU_Mapped model buffer size =    92.10 MiB",
      "load_tensors:        CUDA0 model buffer size =  1024.00 MiB",
      "llama_context:        CPU  output buffer size =     0.19 MiB",
      "llama_kv_cache:        CPU KV buffer size =    11.25 MiB",
      "llama_memory_recurrent:        CPU RS buffer size =     2.00 MiB",
      "sched_reserve:        CPU compute buffer size =    57.57 MiB",
      "sched_reserve: reserve took 8.99 ms, sched copies = 1",
      "~llama_context:        CPU compute buffer size is   0.7676 MiB, matches expectation of   0.7676 MiB",
  });
  ASSERT_EQ(buffers.size(), 6U);
  EXPECT_EQ(buffers[0].device, "CPU_Mapped");
  EXPECT_EQ(buffers[0].kind, "model");
  EXPECT_EQ(buffers[0].bytes, 96573850);
  EXPECT_EQ(buffers[1].device, "CUDA0");
  EXPECT_EQ(buffers[1].bytes, 1024LL << 20);
  EXPECT_EQ(buffers[2].kind, "output");
  EXPECT_EQ(buffers[2].device, "CPU");
  EXPECT_EQ(buffers[3].kind, "kv");
  EXPECT_EQ(buffers[4].kind, "kv");
  EXPECT_EQ(buffers[5].kind, "compute");
}

TEST(LogFacts, ABrokenSizeIsNoBuffer) {
  EXPECT_TRUE(buffers_in({"x: CPU KV buffer size = lots MiB", "x: CPU KV buffer size = -3.0 MiB",
                          "x: CPU KV buffer size = 1e300 MiB", "CPU KV buffer size =    11.25 MiB"})
                  .empty());
}

TEST(LogFacts, GraphInBothShapes) {
  auto facts = facts_in({"sched_reserve: graph: nodes = 936, splits = 1, input objects = 4, input tensors = 6"});
  EXPECT_EQ(facts["graph_nodes"], "936");
  EXPECT_EQ(facts["graph_splits"], "1");
  facts =
      facts_in({"sched_reserve: graph (pp bs=512, tg bs=1): nodes = 936 / 930, splits = 62 / 2, input objects = 4, "
                "input tensors = 6"});
  EXPECT_EQ(facts["graph_nodes"], "936 / 930");
  EXPECT_EQ(facts["graph_splits"], "62 / 2");
  facts =
      facts_in({"llama_context: graph nodes  = 966", "llama_context: graph splits = 2 (with bs=512), 1 (with bs=1)"});
  EXPECT_EQ(facts["graph_nodes"], "966");
  EXPECT_EQ(facts["graph_splits"], "2 (with bs=512), 1 (with bs=1)");
}

TEST(LogFacts, FlashAttentionIsWhatWasDecidedLast) {
  auto facts = facts_in({"llama_context: flash_attn            = auto"});
  EXPECT_EQ(facts["flash_attn"], "auto");
  facts = facts_in({"llama_context: flash_attn            = auto", "resolve_fused_ops: Flash Attention enabled"});
  EXPECT_EQ(facts["flash_attn"], "enabled");
  facts = facts_in(
      {"llama_context: flash_attn            = auto", "llama_context: Flash Attention was auto, set to disabled"});
  EXPECT_EQ(facts["flash_attn"], "disabled");
  facts = facts_in({"x: Flash Attention not supported, set to disabled"});
  EXPECT_EQ(facts["flash_attn"], "disabled");
  EXPECT_EQ(facts_in({"llama_context: flash_attn            = enabled"})["flash_attn"], "enabled");
}

TEST(LogFacts, LayersCacheTypesAndLocking) {
  const auto facts = facts_in({
      "load_tensors: offloading 30 repeating layers to GPU",
      "load_tensors: offloaded 12/31 layers to GPU",
      "llama_kv_cache: size =   11.25 MiB (   512 cells,  30 layers,  1/1 seqs), K (q8_0):    5.62 MiB, V (f16):    "
      "5.62 MiB",
      "warning: failed to mlock 98362432-byte buffer (after previously locking 0 bytes): Cannot allocate memory",
  });
  EXPECT_EQ(facts.at("offloaded_layers"), "12");
  EXPECT_EQ(facts.at("model_layers"), "31");
  EXPECT_EQ(facts.at("cache_type_k"), "q8_0");
  EXPECT_EQ(facts.at("cache_type_v"), "f16");
  EXPECT_EQ(facts.at("mlock_failed"), "true");
}

TEST(LogFacts, DirectIoThatTheDiskRefused) {
  for (const char* const line :
       {"Failed to open file '/m/x.gguf' with error: Invalid argument. Falling back to buffered I/O",
        "read_raw_unsafe: Falling back to buffered IO due to Invalid argument"}) {
    EXPECT_EQ(facts_in({line}).at("direct_io_failed"), "true");
  }
}

TEST(LogFacts, TensorsThatWerePutElsewhere) {
  const std::vector<std::string> lines{
      "tensor blk.0.ffn_up_exps.weight (134 MiB mxfp4) buffer type overridden to CPU",
      "tensor blk.0.ffn_down_exps.weight (134 MiB mxfp4) buffer type overridden to CPU",
      "tensor blk.11.ffn_gate_up_exps.weight buffer type overridden to CUDA_Host",
      "tensor blk.5.ffn_gate_chexps.weight (1 MiB q8_0) buffer type overridden to CUDA0",
      "tensor blk.7.attn_q.weight (1 MiB q8_0) buffer type overridden to CPU",
      "load_tensors:   CPU_Mapped model buffer size =    92.10 MiB",
  };
  for (const std::string& line : lines) {
    EXPECT_EQ(tells_override(line), line.starts_with("tensor")) << line;
  }
  const auto facts = facts_in(lines);
  EXPECT_EQ(facts.at("overridden_tensors"), "5");
  EXPECT_EQ(facts.at("cpu_moe_layers"), "2") << "0 and 11";
}

TEST(LogFacts, UnrelatedLinesTellNothing) {
  EXPECT_TRUE(facts_in({"", "print_info: arch = llama", "load: special tokens cache size = 17"}).empty());
}

TEST(LogFacts, WhatMeansOutOfMemory) {
  EXPECT_TRUE(tells_out_of_memory("ggml_gallocr_reserve_n: failed to allocate CUDA0 buffer of size 123"));
  EXPECT_TRUE(tells_out_of_memory("llama_model_load: error loading model: unable to allocate CUDA0 buffer"));
  EXPECT_TRUE(tells_out_of_memory("cudaMalloc failed: Out Of Memory"));
  EXPECT_FALSE(tells_out_of_memory("llama_model_load: error loading model: unknown model architecture: 'x'"));
}

TEST(LogFacts, WhatTellsTheCause) {
  EXPECT_TRUE(tells_cause("llama_model_load: error loading model: unknown model architecture: 'x'"));
  EXPECT_FALSE(tells_cause("llama_model_load_from_file_impl: failed to load model"));
  EXPECT_FALSE(tells_cause("llama_model_load: error loading model: llama_model_loader: failed to load model from x"));
}

}  // namespace
}  // namespace mia::worker
