// SPDX-License-Identifier: MIT
// What a runtime can tell besides its speed (docs/worker-protocol.md, "Probes").
#pragma once

#include <array>
#include <string_view>

#include <llama.h>

#include "proto/message.h"
#include "worker/llama/logs.h"

namespace mia::worker {

[[nodiscard]] constexpr std::array<std::string_view, 6> probe_names() {
  return {"tokenize", "detokenize", "logits", "graph", "bandwidth", "experts"};
}

// Contexts that a probe needs are its own, with the settings given.
[[nodiscard]] proto::Reply run_probe(llama_model* model, const record::LlmSettings& settings,
                                     const proto::Probe& request, LogBook& logs);

[[nodiscard]] proto::Reply probe_logits(llama_model* model, const record::LlmSettings& settings, const Json& arguments,
                                        LogBook& logs);
// Needs no model.
[[nodiscard]] proto::Reply probe_bandwidth(const Json& arguments);
[[nodiscard]] proto::Reply probe_graph(llama_model* model, const record::LlmSettings& settings, LogBook& logs);
[[nodiscard]] proto::Reply probe_experts(llama_model* model, const record::LlmSettings& settings, const Json& arguments,
                                         LogBook& logs);

}  // namespace mia::worker
