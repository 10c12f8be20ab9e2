// SPDX-License-Identifier: MIT
#include "model/tensor_list.h"

#include "base/text.h"
#include "model/types.h"

namespace mia::model {
namespace {

class List {
 public:
  explicit List(const Shape& shape) : s_(shape), family_(shape.architecture) {}

  std::vector<PlannedTensor> build() {
    add("token_embd.weight", {s_.embedding, s_.vocabulary});
    if (s_.rope_scaling.type == "llama3") {
      add("rope_freqs.weight", {s_.head_dim / 2});
    }
    for (std::int64_t i = 0; i < s_.layers; ++i) {
      prefix_ = fmt::format("blk.{}.", i);
      attention();
      if (s_.experts > 0) {
        experts();
      } else {
        dense();
      }
    }
    prefix_.clear();
    add("output_norm.weight", {s_.embedding});
    if (!s_.tied_output) {
      add("output.weight", {s_.embedding, s_.vocabulary});
    }
    return std::move(tensors_);
  }

 private:
  void add(std::string_view name, std::vector<std::int64_t> shape) {
    tensors_.push_back({prefix_ + std::string(name), std::move(shape), kF32});
  }

  void attention() {
    const std::int64_t q = s_.heads * s_.head_dim;
    const std::int64_t kv = s_.kv_heads * s_.head_dim;
    add("attn_norm.weight", {s_.embedding});
    add("attn_q.weight", {s_.embedding, q});
    add("attn_k.weight", {s_.embedding, kv});
    add("attn_v.weight", {s_.embedding, kv});
    add("attn_output.weight", {q, s_.embedding});
    if (family_ == "gpt-oss") {
      add("attn_q.bias", {q});
      add("attn_k.bias", {kv});
      add("attn_v.bias", {kv});
      add("attn_output.bias", {s_.embedding});
      add("attn_sinks.weight", {s_.heads});
    }
    if (family_ == "qwen3" || family_ == "qwen3moe" || family_ == "gemma3") {
      add("attn_q_norm.weight", {s_.head_dim});
      add("attn_k_norm.weight", {s_.head_dim});
    }
    if (family_ == "gpt-oss" || family_ == "gemma3") {
      add("post_attention_norm.weight", {s_.embedding});
    }
  }

  void dense() {
    add("ffn_norm.weight", {s_.embedding});
    add("ffn_gate.weight", {s_.embedding, s_.feed_forward});
    add("ffn_up.weight", {s_.embedding, s_.feed_forward});
    add("ffn_down.weight", {s_.feed_forward, s_.embedding});
    if (family_ == "gemma3") {
      add("post_ffw_norm.weight", {s_.embedding});
    }
  }

  void experts() {
    const std::int64_t width = s_.expert_feed_forward;
    if (family_ == "qwen3moe") {
      add("ffn_norm.weight", {s_.embedding});
    }
    add("ffn_gate_inp.weight", {s_.embedding, s_.experts});
    add("ffn_gate_exps.weight", {s_.embedding, width, s_.experts});
    add("ffn_up_exps.weight", {s_.embedding, width, s_.experts});
    add("ffn_down_exps.weight", {width, s_.embedding, s_.experts});
    if (family_ == "gpt-oss") {
      add("ffn_gate_inp.bias", {s_.experts});
      add("ffn_gate_exps.bias", {width, s_.experts});
      add("ffn_up_exps.bias", {width, s_.experts});
      add("ffn_down_exps.bias", {s_.embedding, s_.experts});
    }
  }

  const Shape& s_;
  std::string family_;
  std::string prefix_;
  std::vector<PlannedTensor> tensors_;
};

}  // namespace

std::vector<PlannedTensor> tensor_list(const Shape& shape) {
  return List(shape).build();
}

std::optional<std::int64_t> block_of(std::string_view tensor_name) {
  if (!tensor_name.starts_with("blk.")) {
    return std::nullopt;
  }
  const std::string_view rest = tensor_name.substr(4);
  const Result<std::int64_t> block = parse_int(rest.substr(0, rest.find('.')));
  return block ? std::optional(*block) : std::nullopt;
}

}  // namespace mia::model
