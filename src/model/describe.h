// SPDX-License-Identifier: MIT
// What a GGUF file says about the work of decoding: bytes that one token must read, multiply-adds, KV cache.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.h"
#include "model/gguf.h"
#include "record/machine.h"

namespace mia::model {

// Rules: a weight matrix is read once per token; tensors of experts (`*_exps`) by experts_used / experts; an embedding
// table by one row, unless it is also the output matrix (no `output.weight`), which is counted whole under "output";
// one multiply-add per weight read. Groups: see group_of. KV: f16 keys and values of all layers for one position, by
// each layer's own KV heads and head dimensions; layers without attention have none. A sliding window does not lower it
// (inside the window all positions are read; beyond it see kv_bytes_at). Attention multiplies each position's key and
// value once per query head.
[[nodiscard]] Result<record::ModelInfo> describe(const GgufFile& file, std::string id,
                                                 const std::filesystem::path& path);

// Groups in the order of ModelInfo::groups: attention, ffn, shared experts, experts, embedding, output, norm, other.
// "attention" for "blk.3.attn_q.weight".
[[nodiscard]] std::string group_of(std::string_view tensor_name);

// read_model + describe with model_name() as id. Parsed headers are remembered in data_dir()/manifests by the paths,
// sizes and times of change of all parts; clear_manifest_cache() forgets them all and gives the number forgotten.
[[nodiscard]] Result<record::ModelInfo> inspect(const std::filesystem::path& path);
[[nodiscard]] Result<std::int64_t> clear_manifest_cache();
// Whether inspect() would find this file's header in the cache.
[[nodiscard]] bool is_manifest_cached(const std::filesystem::path& path);

// KV cache (f16) read, and multiply-adds over it, to decode one token at a depth of `depth` positions; layers with a
// sliding window read the window at most.
[[nodiscard]] std::int64_t kv_bytes_at(const record::ModelInfo& info, std::int64_t depth);
[[nodiscard]] std::int64_t kv_multiply_adds_at(const record::ModelInfo& info, std::int64_t depth);
// Weights and KV together.
[[nodiscard]] std::int64_t bytes_per_token_at(const record::ModelInfo& info, std::int64_t depth);

}  // namespace mia::model
