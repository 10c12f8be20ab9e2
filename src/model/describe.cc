// SPDX-License-Identifier: MIT
#include "model/describe.h"

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <optional>
#include <utility>

#include "base/files.h"
#include "base/text.h"
#include "model/not_a_model.h"
#include "model/types.h"

namespace mia::model {
namespace {

constexpr std::int64_t kMaxDimension = std::numeric_limits<std::int32_t>::max();
constexpr std::int64_t kMaxLayers = 10'000;

// Sums and products of untrusted sizes stop at the largest number instead of overflowing.
std::int64_t add(std::int64_t a, std::int64_t b) {
  std::int64_t sum = 0;
  return __builtin_add_overflow(a, b, &sum) ? std::numeric_limits<std::int64_t>::max() : sum;
}

std::int64_t multiply(std::int64_t a, std::int64_t b) {
  std::int64_t product = 0;
  return __builtin_mul_overflow(a, b, &product) ? std::numeric_limits<std::int64_t>::max() : product;
}

// "<architecture>.key" of the metadata, checked to be a size.
class Keys {
 public:
  Keys(const GgufFile& file, std::string architecture) : file_(file), prefix_(std::move(architecture) + ".") {}

  // nullopt: absent. An array (per-layer values) gives its largest element.
  [[nodiscard]] std::optional<std::int64_t> size(std::string_view key) const { return found(key).size; }

  // Value for one layer; an array gives its element, a single value serves all layers.
  [[nodiscard]] std::optional<std::int64_t> size_at(std::string_view key, std::int64_t layer) const {
    const GgufArray* const array = found(key).array;
    if (array == nullptr) {
      return size(key);
    }
    const auto index = static_cast<std::size_t>(layer);
    return index < array->numbers.size() ? checked(array->numbers[index]) : std::nullopt;
  }

  [[nodiscard]] bool is_array(std::string_view key) const { return found(key).array != nullptr; }

 private:
  struct Found {
    const GgufArray* array = nullptr;
    std::optional<std::int64_t> size;
  };

  // Each key is looked up once, not once for each layer: a file may claim many of both.
  const Found& found(std::string_view key) const {
    const auto [at, is_new] = found_.try_emplace(std::string(key));
    if (is_new) {
      const std::string name = prefix_ + at->first;
      at->second.array = file_.get_array(name);
      if (at->second.array != nullptr && !at->second.array->numbers.empty()) {
        at->second.size = checked(*std::ranges::max_element(at->second.array->numbers));
      } else if (const std::optional<double> number = file_.get_double(name)) {
        at->second.size = checked(*number);
      }
    }
    return at->second;
  }

  static std::optional<std::int64_t> checked(double value) {
    return value >= 0 && value <= static_cast<double>(kMaxDimension) ? std::optional(static_cast<std::int64_t>(value))
                                                                     : std::nullopt;
  }
  const GgufFile& file_;
  std::string prefix_;
  mutable std::map<std::string, Found> found_;
};

// Every n-th layer attends to all positions, the others to a window: what each architecture does where the file does
// not say (llama.cpp's src/models/*.cpp). The full layer is the last of each n, or the first.
struct WindowRule {
  std::string_view architecture;
  std::int64_t period = 1;
  bool full_first = false;
  std::int64_t window = 0;  // where the file does not tell it
};

WindowRule window_rule(std::string_view architecture) {
  constexpr std::array kRules{
      WindowRule{"gpt-oss", 2},
      WindowRule{"gemma2", 2, false, 4096},
      WindowRule{"gemma3", 6},
      WindowRule{"gemma3n", 5},
      WindowRule{"gemma-embedding", 6},
      WindowRule{"cohere2", 4},
      WindowRule{"exaone4", 4},
      WindowRule{"exaone-moe", 4},
      WindowRule{"olmo2", 4},
      WindowRule{"afmoe", 4},
      WindowRule{"plamo3", 8},
      WindowRule{"llama4", 4, false, 8192},
      WindowRule{"smallthinker", 4, true},
      WindowRule{"modern-bert", 3, true},
  };
  const auto* const rule = std::ranges::find(kRules, architecture, &WindowRule::architecture);
  return rule == kRules.end() ? WindowRule{} : *rule;
}

bool is_windowed(const Keys& keys, std::string_view architecture, std::int64_t layer) {
  constexpr std::string_view kPattern = "attention.sliding_window_pattern";
  if (keys.is_array(kPattern)) {
    return keys.size_at(kPattern, layer).value_or(0) != 0;
  }
  const WindowRule rule = window_rule(architecture);
  const std::int64_t period = keys.size(kPattern).value_or(rule.period);
  return period == 0 || layer % period != (rule.full_first ? 0 : period - 1);
}

// Layers of a hybrid model that keep a state instead of keys and values.
bool is_recurrent(const Keys& keys, std::int64_t layer) {
  const std::int64_t interval = keys.size("full_attention_interval").value_or(1);
  return interval > 1 && (layer + 1) % interval != 0;
}

// What one position of depth costs in one layer.
struct Position {
  std::int64_t bytes = 0;  // f16 keys and values
  std::int64_t multiply_adds = 0;
};

Position position_of(const Keys& keys, std::int64_t layer, bool windowed) {
  const std::int64_t heads = keys.size_at("attention.head_count", layer).value_or(0);
  const std::int64_t kv_heads = keys.size_at("attention.head_count_kv", layer).value_or(heads);
  if (heads == 0 || kv_heads == 0 || is_recurrent(keys, layer)) {
    return {};
  }
  const std::int64_t standard = keys.size("embedding_length").value_or(0) / heads;
  const auto length = [&](std::string_view key) {
    const std::int64_t full = keys.size(key).value_or(standard);
    return windowed ? keys.size(std::string(key) + "_swa").value_or(full) : full;
  };
  // Multi-head latent attention keeps one compressed row that serves as key and value.
  const bool latent = keys.size("attention.key_length_mla").has_value();
  const std::int64_t key = length("attention.key_length");
  const std::int64_t value = length("attention.value_length");
  return {multiply(multiply(kv_heads, add(key, latent ? 0 : value)), 2), multiply(heads, add(key, value))};
}

void describe_kv(const Keys& keys, record::ModelInfo& info) {
  const std::int64_t window = keys.size("attention.sliding_window").value_or(window_rule(info.architecture).window);
  // Gemma 3n and later reuse the keys and values of earlier layers in the last ones.
  const std::int64_t layers = info.layers.value_or(0) - keys.size("attention.shared_kv_layers").value_or(0);
  for (std::int64_t layer = 0; layer < layers; ++layer) {
    const bool windowed = window > 0 && is_windowed(keys, info.architecture, layer);
    const Position position = position_of(keys, layer, windowed);
    info.kv_bytes_per_position = add(info.kv_bytes_per_position, position.bytes);
    info.kv_multiply_adds_per_position = add(info.kv_multiply_adds_per_position, position.multiply_adds);
    if (windowed && position.bytes > 0) {
      info.kv_window_bytes_per_position = add(info.kv_window_bytes_per_position, position.bytes);
      info.kv_window_multiply_adds_per_position =
          add(info.kv_window_multiply_adds_per_position, position.multiply_adds);
      info.window_layers.push_back(layer);
    }
  }
  if (!info.window_layers.empty()) {
    info.sliding_window = window;
  }
}

struct Experts {
  std::int64_t all = 0;
  std::int64_t used = 0;
};

// ModelInfo::kind. Diffusion models are not causal either, and write tokens.
std::string kind_of(const GgufFile& file, const std::string& architecture) {
  const bool causal = file.get_bool(architecture + ".attention.causal").value_or(true) ||
                      file.find("diffusion.shift_logits") != nullptr;
  if (!causal || contains(architecture, "bert") || architecture == "t5encoder" || architecture == "gemma-embedding") {
    return "encoder";
  }
  if (file.find(architecture + ".decoder_start_token_id") != nullptr) {
    return "encoder-decoder";
  }
  constexpr std::int64_t kRank = 4;  // llama_pooling_type; 0 is none
  const std::int64_t pooling = file.get_int(architecture + ".pooling_type").value_or(0);
  return pooling == kRank ? "reranker" : pooling > 0 ? "embedding" : "decoder";
}

// Blocks behind the decoder's last one predict further tokens (multi-token prediction); plain decoding skips them.
bool is_skipped(std::string_view tensor, std::int64_t decoder_layers) {
  if (!tensor.starts_with("blk.")) {
    return false;
  }
  const std::string_view rest = tensor.substr(4);
  const Result<std::int64_t> block = parse_int(rest.substr(0, rest.find('.')));
  return block.has_value() && *block >= decoder_layers;
}

class Work {
 public:
  Work(Experts experts, std::int64_t decoder_layers) : experts_(experts), decoder_layers_(decoder_layers) {}

  void add_tensor(const GgufTensor& tensor) {
    const std::string name = group_of(tensor.name);
    record::TensorGroup& group = groups_[name];
    ++group.tensors;
    group.bytes = add(group.bytes, tensor.bytes);
    if (is_skipped(tensor.name, decoder_layers_)) {
      return;
    }
    const std::int64_t macs = tensor.shape.size() >= 2 && tensor.name.ends_with(".weight") ? tensor.elements() : 0;
    if (name == "embedding") {
      group.bytes_per_token = add(group.bytes_per_token, row_of(tensor));
    } else if (name == "experts" && experts_.all > 0) {
      group.bytes_per_token = add(group.bytes_per_token, multiply(tensor.bytes / experts_.all, experts_.used));
      group.multiply_adds = add(group.multiply_adds, multiply(macs / experts_.all, experts_.used));
    } else {
      group.bytes_per_token = add(group.bytes_per_token, tensor.bytes);
      group.multiply_adds = add(group.multiply_adds, macs);
    }
  }

  // The embedding table a second time, whole, as output matrix.
  void tie(const GgufTensor& embedding) {
    record::TensorGroup& group = groups_["output"];
    group.bytes_per_token = add(group.bytes_per_token, embedding.bytes);
    group.multiply_adds = add(group.multiply_adds, embedding.elements());
  }

  void finish(record::ModelInfo& info) {
    constexpr std::array kOrder{"attention", "ffn",    "shared experts", "experts",
                                "embedding", "output", "norm",           "other"};
    for (const char* const name : kOrder) {
      const auto found = groups_.find(name);
      if (found == groups_.end()) {
        continue;
      }
      found->second.name = name;
      info.bytes_per_token = add(info.bytes_per_token, found->second.bytes_per_token);
      info.multiply_adds = add(info.multiply_adds, found->second.multiply_adds);
      info.groups.push_back(found->second);
    }
  }

 private:
  static std::int64_t row_of(const GgufTensor& tensor) {
    return tensor.shape.empty() ? tensor.bytes : tensor.bytes / (tensor.elements() / tensor.shape.front());
  }

  Experts experts_;
  std::int64_t decoder_layers_;
  std::map<std::string, record::TensorGroup> groups_;
};

void describe_types(const GgufFile& file, record::ModelInfo& info) {
  std::map<std::uint32_t, record::TensorTypeCount> types;
  for (const GgufTensor& tensor : file.tensors) {
    record::TensorTypeCount& count = types[tensor.type];
    count.type = find_type(tensor.type)->name;
    ++count.tensors;
    count.bytes = add(count.bytes, tensor.bytes);
    info.parameters = add(info.parameters, tensor.elements());
    info.tensor_bytes = add(info.tensor_bytes, tensor.bytes);
  }
  for (const auto& [id, count] : types) {
    info.types.push_back(count);
  }
  std::stable_sort(info.types.begin(), info.types.end(),
                   [](const auto& a, const auto& b) { return a.bytes > b.bytes; });
}

// What the file says; where it says nothing, the type that holds most bytes.
std::string quantization(const GgufFile& file, const record::ModelInfo& info) {
  const std::optional<std::int64_t> file_type = file.get_int("general.file_type");
  if (const auto name = file_type ? file_type_name(*file_type) : std::nullopt) {
    return std::string(*name);
  }
  return info.types.empty() ? "" : info.types.front().type;
}

void describe_tokenizer(const GgufFile& file, const Keys& keys, record::ModelInfo& info) {
  info.tokenizer = file.get_string("tokenizer.ggml.model").value_or("");
  const GgufArray* const tokens = file.get_array("tokenizer.ggml.tokens");
  info.vocabulary = tokens != nullptr ? std::optional(tokens->count) : keys.size("vocab_size");
  if (tokens == nullptr) {
    return;
  }
  std::string identity = info.tokenizer;
  for (const char* const key : {"tokenizer.ggml.pre", "tokenizer.ggml.tokens", "tokenizer.ggml.token_type",
                                "tokenizer.ggml.scores", "tokenizer.ggml.merges"}) {
    const GgufArray* const array = file.get_array(key);
    identity += '|' + (array != nullptr ? array->hash : file.get_string(key).value_or(""));
  }
  for (const char* const key : {"tokenizer.ggml.bos_token_id", "tokenizer.ggml.eos_token_id",
                                "tokenizer.ggml.add_bos_token", "tokenizer.ggml.add_space_prefix"}) {
    const std::optional<std::int64_t> number = file.get_int(key);
    const std::optional<bool> flag = file.get_bool(key);
    identity += fmt::format("|{}", number ? *number : (flag ? std::int64_t{*flag} : -1));
  }
  info.tokenizer_hash = hash_hex(identity);
}

}  // namespace

std::string group_of(std::string_view name) {
  if (name.find("_norm") != std::string_view::npos) {
    return "norm";
  }
  if (contains(name, "token_embd") || name.starts_with("position_embd") || name.starts_with("token_types")) {
    return "embedding";
  }
  if (name.starts_with("output")) {
    return "output";
  }
  if (contains(name, "_exps")) {
    return "experts";
  }
  if (contains(name, "_shexp")) {
    return "shared experts";
  }
  if (contains(name, ".attn_")) {
    return "attention";
  }
  return contains(name, ".ffn_") ? "ffn" : "other";
}

Result<record::ModelInfo> describe(const GgufFile& file, std::string id, const std::filesystem::path& path) {
  record::ModelInfo info;
  info.id = std::move(id);
  info.path = path.string();
  info.file_bytes = file.file_bytes;
  info.header_hash = file.header_hash;
  info.architecture = file.get_string("general.architecture").value_or("");
  if (const auto other = name_other_gguf(file, path)) {
    return *other;
  }
  info.kind = kind_of(file, info.architecture);
  info.display_name = one_line(file.get_string("general.name").value_or(""), 200);
  info.synthetic = file.get_bool("general.synthetic").value_or(false);
  const Keys keys(file, info.architecture);
  info.layers = keys.size("block_count");
  info.context = keys.size("context_length");
  info.embedding = keys.size("embedding_length");
  info.heads = keys.size("attention.head_count");
  info.kv_heads = keys.size("attention.head_count_kv");
  info.experts = keys.size("expert_count");
  info.experts_used = keys.size("expert_used_count");
  if (info.layers.value_or(0) > kMaxLayers || info.experts_used.value_or(0) > info.experts.value_or(kMaxDimension)) {
    return fail(ErrorKind::protocol, "'{}' claims {} layers and {} of {} experts per token, which cannot be",
                path.string(), info.layers.value_or(0), info.experts_used.value_or(0), info.experts.value_or(0));
  }
  describe_types(file, info);
  info.quantization = quantization(file, info);
  describe_tokenizer(file, keys, info);
  describe_kv(keys, info);
  const std::int64_t decoder_layers = info.layers.value_or(kMaxLayers) - keys.size("nextn_predict_layers").value_or(0);
  Work work({info.experts.value_or(0), info.experts_used.value_or(info.experts.value_or(0))}, decoder_layers);
  for (const GgufTensor& tensor : file.tensors) {
    work.add_tensor(tensor);
  }
  const GgufTensor* const embedding = file.find_tensor("token_embd.weight");
  // What gives a vector has no output matrix even without `output.weight`.
  if (embedding != nullptr && file.find_tensor("output.weight") == nullptr && info.kind != "encoder") {
    work.tie(*embedding);
  }
  work.finish(info);
  return info;
}

namespace {

// Full layers cost each position of depth, windowed ones those inside the window.
std::int64_t at_depth(const record::ModelInfo& info, std::int64_t all, std::int64_t windowed, std::int64_t depth) {
  const std::int64_t window = std::min(depth, info.sliding_window.value_or(depth));
  return add(multiply(all - windowed, depth), multiply(windowed, window));
}

}  // namespace

std::int64_t kv_bytes_at(const record::ModelInfo& info, std::int64_t depth) {
  return at_depth(info, info.kv_bytes_per_position, info.kv_window_bytes_per_position, depth);
}

std::int64_t kv_multiply_adds_at(const record::ModelInfo& info, std::int64_t depth) {
  return at_depth(info, info.kv_multiply_adds_per_position, info.kv_window_multiply_adds_per_position, depth);
}

std::int64_t bytes_per_token_at(const record::ModelInfo& info, std::int64_t depth) {
  return add(info.bytes_per_token, kv_bytes_at(info, depth));
}

}  // namespace mia::model
