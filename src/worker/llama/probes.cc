// SPDX-License-Identifier: MIT
#include "worker/llama/probes.h"

#include <map>
#include <string>
#include <utility>

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "record/graph.h"
#include "worker/llama/generate.h"
#include "worker/llama/handles.h"
#include "worker/llama/log_facts.h"
#include "worker/llama/settings.h"
#include "worker/llama/tokens.h"

namespace mia::worker {
namespace {

proto::Reply probe_tokenize(const llama_model* model, const Json& arguments) {
  const auto text = get_string(arguments, "text");
  if (!text) {
    return refused("probe tokenize: 'text' is missing or not a text");
  }
  const auto tokens = tokenize(llama_model_get_vocab(model), *text, get_bool(arguments, "special").value_or(true));
  if (!tokens) {
    return refused(tokens.error().text());
  }
  return proto::Probed{Json{{"ids", *tokens}, {"count", tokens->size()}}};
}

proto::Reply probe_detokenize(const llama_model* model, const Json& arguments) {
  const llama_vocab* const vocab = llama_model_get_vocab(model);
  const std::int64_t size = llama_vocab_n_tokens(vocab);
  const Json& ids = get_member(arguments, "ids");
  Tokens tokens;
  for (const Json& id : ids.is_array() ? ids : Json::array()) {
    if (!id.is_number_integer() || id.get<std::int64_t>() < 0 || id.get<std::int64_t>() >= size) {
      return refused(fmt::format("probe detokenize: {} is no token of a vocabulary of {}", id.dump(), size));
    }
    tokens.push_back(id.get<llama_token>());
  }
  return proto::Probed{Json{{"text", detokenize(vocab, tokens)}}};
}

// What one decode does: operation and place -> times. Gathered by the scheduler's callback, which is asked before and
// told after each node.
struct OpCount {
  std::map<std::pair<std::string, std::string>, std::int64_t> counts;
  bool counting = false;
};

// The device whose memory holds the result. Host memory that a GPU's driver manages ("CUDA_Host") is where the CPU
// computes when there is a GPU.
std::string place_of(const ggml_tensor& tensor) {
  const ggml_backend_buffer_t buffer = tensor.buffer != nullptr     ? tensor.buffer
                                       : tensor.view_src != nullptr ? tensor.view_src->buffer
                                                                    : nullptr;
  if (buffer == nullptr) {
    return "?";
  }
  const ggml_backend_buffer_type_t type = ggml_backend_buffer_get_type(buffer);
  const ggml_backend_dev_t device = ggml_backend_buft_get_device(type);
  const bool is_own = device != nullptr && ggml_backend_dev_buffer_type(device) == type;
  return ggml_backend_buft_is_host(type) && !is_own ? "CPU" : ggml_backend_buffer_name(buffer);
}

// Nodes that only describe memory, and compute nothing.
bool is_shape_only(ggml_op op) {
  return op == GGML_OP_NONE || op == GGML_OP_VIEW || op == GGML_OP_RESHAPE || op == GGML_OP_PERMUTE ||
         op == GGML_OP_TRANSPOSE;
}

bool observe(ggml_tensor* tensor, bool ask, void* data) {
  OpCount& ops = *static_cast<OpCount*>(data);
  if (!ask && ops.counting && !is_shape_only(tensor->op)) {
    ++ops.counts[{ggml_op_desc(tensor), place_of(*tensor)}];
  }
  return true;
}

int decode_one(llama_context* context, llama_token token) {
  const int code = llama_decode(context, llama_batch_get_one(&token, 1));
  llama_synchronize(context);
  return code;
}

record::Graph graph_of(const OpCount& ops, const std::map<std::string, std::string>& facts) {
  record::Graph graph;
  std::int64_t nodes = 0;
  for (const auto& [key, count] : ops.counts) {
    graph.ops.push_back({key.first, key.second, count});
    nodes += count;
  }
  graph.nodes = nodes;
  if (const auto splits = facts.find("graph_splits"); splits != facts.end()) {
    graph.splits = record::decode_splits(splits->second);
  }
  return graph;
}

}  // namespace

proto::Reply probe_graph(llama_model* model, const record::LlmSettings& settings, LogBook& logs) {
  constexpr std::int64_t kContext = 256;
  auto params = context_setup(settings, settings.n_ctx.value_or(kContext));
  if (!params) {
    return refused(params.error().text());
  }
  OpCount ops;
  params->cb_eval = observe;
  params->cb_eval_user_data = &ops;
  const ContextPtr context(llama_init_from_model(model, *params));
  if (context == nullptr) {
    return failure_from(logs, "cannot create the context of the probe");
  }
  const Tokens tokens = random_tokens(llama_model_get_vocab(model), 2, 1);
  int code = decode_one(context.get(), tokens[0]);
  ops.counting = true;
  code = code == 0 ? decode_one(context.get(), tokens[1]) : code;
  if (code != 0) {
    return failure_from(logs, fmt::format("llama_decode failed with code {}", code));
  }
  return proto::Probed{record::to_json(graph_of(ops, facts_in(logs.lines())))};
}

proto::Reply run_probe(llama_model* model, const record::LlmSettings& settings, const proto::Probe& request,
                       LogBook& logs) {
  if (request.what == "tokenize") {
    return probe_tokenize(model, request.arguments);
  }
  if (request.what == "detokenize") {
    return probe_detokenize(model, request.arguments);
  }
  if (request.what == "logits") {
    return probe_logits(model, settings, request.arguments, logs);
  }
  if (request.what == "graph") {
    return probe_graph(model, settings, logs);
  }
  if (request.what == "experts") {
    return probe_experts(model, settings, request.arguments, logs);
  }
  return refused(fmt::format("this worker has no probe '{}'", one_line(request.what, 80)));
}

}  // namespace mia::worker
