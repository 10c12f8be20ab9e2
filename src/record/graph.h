// SPDX-License-Identifier: MIT
// What one decode of a model computes and where: proof of what a setting became, as the scheduler itself saw it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "record/members.h"

namespace mia::record {

struct OpCount {
  std::string op;       // ggml's name: "FLASH_ATTN_EXT", "MUL_MAT"
  std::string backend;  // where its result lies: "CPU", "CUDA0"
  std::int64_t count = 0;
};
template <Either<OpCount> X, class F>
void each(X& x, F&& f) {
  f(needed("op"), x.op);
  f(needed("backend"), x.backend);
  f(needed("count"), x.count);
}

struct Graph {
  std::vector<OpCount> ops;
  std::optional<std::int64_t> nodes;   // operations that compute something
  std::optional<std::int64_t> splits;  // pieces that run on one backend each
};
MIA_MEMBERS(Graph, ops, nodes, splits)

[[nodiscard]] Json to_json(const Graph& graph);
[[nodiscard]] Result<Graph> graph_from_json(const Json& json);

// How often `op` ran, on all backends.
[[nodiscard]] std::int64_t count_of(const Graph& graph, std::string_view op);
// "on" or "off" by the attention operations that ran; nullopt where neither kind did.
[[nodiscard]] std::optional<std::string> flash_attention_of(const Graph& graph);
// "24 on CUDA0, 0 on CPU": where the operations of this name ran.
[[nodiscard]] std::string places_of(const Graph& graph, std::string_view op);

// Splits of a decode out of llama.cpp's words: "5", "62 / 2", or "37 (with bs=512), 2 (with bs=1)".
[[nodiscard]] std::optional<std::int64_t> decode_splits(std::string_view text);

}  // namespace mia::record
