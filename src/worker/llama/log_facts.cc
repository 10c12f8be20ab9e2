// SPDX-License-Identifier: MIT
#include "worker/llama/log_facts.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <set>
#include <utility>

#include "base/text.h"

namespace mia::worker {
namespace {

constexpr double kMebibyte = 1024.0 * 1024.0;
constexpr double kLargestMebibytes = 1e9;

// The part of a line between two marks, trimmed; empty when a mark is missing.
std::string_view between(std::string_view line, std::string_view before, std::string_view after) {
  const std::size_t at = line.find(before);
  if (at == std::string_view::npos) {
    return {};
  }
  line.remove_prefix(at + before.size());
  const std::size_t end = after.empty() ? line.size() : line.find(after);
  return end == std::string_view::npos ? std::string_view() : trim(line.substr(0, end));
}

std::string_view text_after(std::string_view text, std::string_view mark) {
  return between(text, mark, "");
}

bool holds(std::string_view line, std::string_view part) {
  return line.find(part) != std::string_view::npos;
}

void put(std::map<std::string, std::string>& facts, const char* key, std::string_view value) {
  if (!value.empty()) {
    facts[key] = std::string(value);
  }
}

// Two shapes: "graph splits = 2 (with bs=512), 1 (with bs=1)" and "graph: nodes = 936, splits = 1, input ...".
void graph_facts(std::string_view line, std::map<std::string, std::string>& facts) {
  if (!holds(line, "graph")) {
    return;
  }
  put(facts, "graph_nodes", text_after(between(line, "graph nodes", ""), "= "));
  put(facts, "graph_splits", text_after(between(line, "graph splits", ""), "= "));
  put(facts, "graph_nodes", between(line, ": nodes = ", ","));
  put(facts, "graph_splits", between(line, "splits = ", ", input"));
}

void attention_facts(std::string_view line, std::map<std::string, std::string>& facts) {
  if (holds(line, "flash_attn ") && !text_after(line, "= ").empty()) {
    put(facts, "flash_attn", text_after(line, "= "));
  }
  if (holds(line, "Flash Attention")) {
    facts["flash_attn"] = holds(line, "disabled") ? "disabled" : "enabled";
  }
  if (holds(line, "flash_attn is not compatible")) {
    facts["flash_attn"] = "disabled";
  }
  put(facts, "cache_type_k", between(line, " K (", ")"));
  put(facts, "cache_type_v", between(line, " V (", ")"));
}

void layer_facts(std::string_view line, std::map<std::string, std::string>& facts) {
  const std::string_view layers = between(line, "offloaded ", " layers to GPU");
  if (const std::size_t slash = layers.find('/'); slash != std::string_view::npos) {
    put(facts, "offloaded_layers", layers.substr(0, slash));
    put(facts, "model_layers", layers.substr(slash + 1));
  }
  if (holds(line, "failed to mlock")) {
    facts["mlock_failed"] = "true";
  }
  if (holds(line, "Falling back to buffered I")) {
    facts["direct_io_failed"] = "true";
  }
}

// "tensor blk.3.ffn_up_exps.weight (134 MiB mxfp4) buffer type overridden to CPU": which tensor went where.
struct Override {
  std::string_view tensor;
  std::string_view place;
};

Override override_in(std::string_view line) {
  return {between(line, "tensor ", " "), text_after(line, "buffer type overridden to ")};
}

// The layer "3" of an expert tensor as above; empty for all others.
std::string_view expert_layer(std::string_view tensor) {
  return holds(tensor, "_exps") || holds(tensor, "_chexps") ? between(tensor, "blk.", ".") : std::string_view();
}

void override_facts(const std::vector<std::string>& lines, std::map<std::string, std::string>& facts) {
  std::size_t tensors = 0;
  std::set<std::string_view> layers;
  for (const std::string& line : lines) {
    const Override moved = override_in(line);
    if (moved.tensor.empty() || moved.place.empty()) {
      continue;
    }
    ++tensors;
    // The memory of the host has both names: "CPU", and "CUDA_Host" where a GPU can reach it.
    const bool on_host = moved.place.starts_with("CPU") || moved.place.ends_with("_Host");
    if (const std::string_view layer = expert_layer(moved.tensor); on_host && !layer.empty()) {
      layers.insert(layer);
    }
  }
  if (tensors > 0) {
    facts["overridden_tensors"] = fmt::format("{}", tensors);
    facts["cpu_moe_layers"] = fmt::format("{}", layers.size());
  }
}

std::optional<std::string> fact(const std::map<std::string, std::string>& facts, const char* key) {
  const auto at = facts.find(key);
  return at == facts.end() ? std::nullopt : std::optional(at->second);
}

std::optional<std::string> flash_attention(const record::LlmSettings& asked,
                                           const std::map<std::string, std::string>& facts) {
  const auto told = fact(facts, "flash_attn");
  if (told == "enabled" || told == "disabled" || told == "1" || told == "0") {
    return *told == "enabled" || *told == "1" ? "on" : "off";
  }
  return told == "auto" ? std::nullopt : asked.flash_attn;
}

std::optional<std::string> load_mode(const record::LlmSettings& asked, const std::map<std::string, std::string>& facts,
                                     const std::vector<record::BufferSize>& buffers) {
  const bool mapped = std::ranges::any_of(
      buffers, [](const record::BufferSize& buffer) { return buffer.device.find("_Mapped") != std::string::npos; });
  if (mapped) {
    return asked.load_mode == "mlock" && !fact(facts, "mlock_failed") ? "mlock" : "mmap";
  }
  if (asked.load_mode == "direct" && fact(facts, "direct_io_failed")) {
    return "none";
  }
  return asked.load_mode == "none" || asked.load_mode == "direct" ? asked.load_mode : std::nullopt;
}

}  // namespace

std::vector<record::BufferSize> buffers_in(const std::vector<std::string>& lines) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kKinds{{
      {" model buffer size =", "model"},
      {" KV buffer size =", "kv"},
      {" RS buffer size =", "kv"},
      {" compute buffer size =", "compute"},
      {" output buffer size =", "output"},
  }};
  std::vector<record::BufferSize> buffers;
  for (const std::string& line : lines) {
    for (const auto& [mark, kind] : kKinds) {
      const std::string_view device = between(line, ": ", mark);
      const auto size = parse_double(between(line, mark, " MiB"));
      if (!device.empty() && size && *size >= 0 && *size < kLargestMebibytes) {
        buffers.push_back({std::string(device), std::string(kind), std::llround(*size * kMebibyte)});
      }
    }
  }
  return buffers;
}

std::map<std::string, std::string> facts_in(const std::vector<std::string>& lines) {
  std::map<std::string, std::string> facts;
  for (const std::string& line : lines) {
    graph_facts(line, facts);
    attention_facts(line, facts);
    layer_facts(line, facts);
  }
  override_facts(lines, facts);
  return facts;
}

std::optional<std::int64_t> number_in(const std::map<std::string, std::string>& facts, const char* key) {
  if (const auto text = fact(facts, key)) {
    if (const auto value = parse_int(*text)) {
      return *value;
    }
  }
  return std::nullopt;
}

void add_told(record::LlmSettings& llm, const record::LlmSettings& asked,
              const std::map<std::string, std::string>& facts, const std::vector<record::BufferSize>& buffers) {
  llm.flash_attn = flash_attention(asked, facts);
  llm.cache_type_k = fact(facts, "cache_type_k");
  llm.cache_type_v = fact(facts, "cache_type_v");
  llm.load_mode = load_mode(asked, facts, buffers);
  llm.n_gpu_layers = number_in(facts, "offloaded_layers");
}

bool tells_override(std::string_view line) {
  return holds(line, "buffer type overridden to ");
}

bool tells_out_of_memory(std::string_view line) {
  static constexpr std::array<std::string_view, 6> kWords{
      "failed to allocate", "unable to allocate", "out of memory", "cannot allocate", "bad_alloc", "not enough memory"};
  const std::string text = lower(line);
  return std::ranges::any_of(kWords, [&](std::string_view word) { return holds(text, word); });
}

bool tells_cause(std::string_view line) {
  return !holds(line, "failed to load model");
}

}  // namespace mia::worker
