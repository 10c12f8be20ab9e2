// SPDX-License-Identifier: MIT
// Which experts a mixture-of-experts model chooses: the scheduler's callback reads the result of each layer's top-k
// node while random tokens go through.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "worker/llama/generate.h"
#include "worker/llama/handles.h"
#include "worker/llama/log_facts.h"
#include "worker/llama/probes.h"
#include "worker/llama/settings.h"
#include "worker/llama/tokens.h"

namespace mia::worker {
namespace {

constexpr std::int64_t kDefaultTokens = 512;
constexpr std::int64_t kMostTokens = 65536;
// All positions of a piece ask for logits, because the last layer computes only those; few, because a position has a
// logit for each word of the vocabulary.
constexpr std::int64_t kTokensAtOnce = 32;

struct Choices {
  std::int64_t experts = 0;
  std::map<std::int64_t, std::vector<std::int64_t>> counts;  // by layer
  std::int64_t outside = 0;                                  // indices that are no expert's
};

// "ffn_moe_topk-7" -> 7: llama.cpp's name of the node that holds the experts chosen, a row for each token.
std::optional<std::int64_t> layer_of(const ggml_tensor& tensor) {
  constexpr std::string_view kName = "ffn_moe_topk-";
  const std::string_view name = tensor.name;
  if (!name.starts_with(kName) || tensor.type != GGML_TYPE_I32) {
    return std::nullopt;
  }
  const auto layer = parse_int(name.substr(kName.size()));
  return layer ? std::optional(*layer) : std::nullopt;
}

bool observe_experts(ggml_tensor* tensor, bool ask, void* data) {
  const auto layer = layer_of(*tensor);
  if (ask || !layer) {
    return layer.has_value();
  }
  Choices& choices = *static_cast<Choices*>(data);
  std::vector<std::int64_t>& counts = choices.counts[*layer];
  counts.resize(static_cast<std::size_t>(choices.experts));
  std::vector<std::byte> bytes(ggml_nbytes(tensor));
  ggml_backend_tensor_get(tensor, bytes.data(), 0, bytes.size());
  for (std::int64_t row = 0; row < tensor->ne[1]; ++row) {
    for (std::int64_t i = 0; i < tensor->ne[0]; ++i) {
      const std::size_t at =
          static_cast<std::size_t>(row) * tensor->nb[1] + static_cast<std::size_t>(i) * tensor->nb[0];
      std::int32_t expert = 0;
      std::memcpy(&expert, bytes.data() + at, sizeof(expert));
      if (expert < 0 || expert >= choices.experts) {
        ++choices.outside;
      } else {
        ++counts[static_cast<std::size_t>(expert)];
      }
    }
  }
  return true;
}

int decode_all(llama_context* context, const Tokens& tokens) {
  llama_batch batch = llama_batch_init(static_cast<std::int32_t>(kTokensAtOnce), 0, 1);
  int code = 0;
  for (std::size_t begin = 0; code == 0 && begin < tokens.size(); begin += kTokensAtOnce) {
    const std::size_t count = std::min<std::size_t>(kTokensAtOnce, tokens.size() - begin);
    batch.n_tokens = static_cast<std::int32_t>(count);
    for (std::size_t i = 0; i < count; ++i) {
      batch.token[i] = tokens[begin + i];
      batch.pos[i] = static_cast<llama_pos>(begin + i);
      batch.n_seq_id[i] = 1;
      batch.seq_id[i][0] = 0;
      batch.logits[i] = 1;
    }
    code = llama_decode(context, batch);
  }
  llama_synchronize(context);
  llama_batch_free(batch);
  return code;
}

std::int64_t expert_count(const llama_model* model) {
  std::array<char, 64> text{};
  std::array<char, 128> architecture{};
  llama_model_meta_val_str(model, "general.architecture", architecture.data(), architecture.size());
  const std::string key = std::string(architecture.data()) + ".expert_count";
  if (llama_model_meta_val_str(model, key.c_str(), text.data(), text.size()) <= 0) {
    return 0;
  }
  return parse_int(text.data()).value_or(0);
}

}  // namespace

proto::Reply probe_experts(llama_model* model, const record::LlmSettings& settings, const Json& arguments,
                           LogBook& logs) {
  Choices choices;
  choices.experts = expert_count(model);
  if (choices.experts < 1) {
    return refused("the model has no experts to choose from");
  }
  const std::int64_t count = get_int(arguments, "tokens").value_or(kDefaultTokens);
  if (count < 1 || count > kMostTokens) {
    return refused(fmt::format("probe experts: tokens is {}, but must be from 1 to {}", count, kMostTokens));
  }
  auto params = context_setup(settings, count);
  if (!params) {
    return refused(params.error().text());
  }
  params->n_ctx = static_cast<std::uint32_t>(count);
  params->cb_eval = observe_experts;
  params->cb_eval_user_data = &choices;
  const ContextPtr context(llama_init_from_model(model, *params));
  if (context == nullptr) {
    return failure_from(logs, "cannot create the context of the probe");
  }
  const auto seed = static_cast<std::uint64_t>(get_int(arguments, "seed").value_or(1));
  const Tokens tokens = random_tokens(llama_model_get_vocab(model), count, seed);
  if (const int code = decode_all(context.get(), tokens); code != 0) {
    return failure_from(logs, fmt::format("llama_decode failed with code {}", code));
  }
  if (choices.counts.empty() || choices.outside > 0) {
    return refused(
        fmt::format("this llama.cpp does not show which experts it chooses ({} layers, {} indices that are "
                    "no expert's)",
                    choices.counts.size(), choices.outside));
  }
  Json layers = Json::array();
  for (const auto& [layer, counts] : choices.counts) {
    layers.push_back({{"layer", layer}, {"counts", counts}});
  }
  return proto::Probed{Json{{"experts", choices.experts}, {"tokens", count}, {"layers", std::move(layers)}}};
}

}  // namespace mia::worker
