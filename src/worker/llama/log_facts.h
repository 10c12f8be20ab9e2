// SPDX-License-Identifier: MIT
// Facts that llama.cpp tells only in its log, found by plain search; the shapes of several versions are known.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "record/trial.h"

namespace mia::worker {

// "load_tensors:   CPU_Mapped model buffer size =    92.10 MiB" -> {CPU_Mapped, model, bytes}.
[[nodiscard]] std::vector<record::BufferSize> buffers_in(const std::vector<std::string>& lines);

// graph_nodes, graph_splits, flash_attn, offloaded_layers, model_layers, cache_type_k, cache_type_v, mlock_failed,
// direct_io_failed, overridden_tensors, cpu_moe_layers (how many have expert tensors that were moved to the host).
[[nodiscard]] std::map<std::string, std::string> facts_in(const std::vector<std::string>& lines);

// A fact that is a number.
[[nodiscard]] std::optional<std::int64_t> number_in(const std::map<std::string, std::string>& facts, const char* key);

// The effective settings that only the log and the buffers tell: flash_attn, cache types, load_mode, n_gpu_layers.
void add_told(record::LlmSettings& llm, const record::LlmSettings& asked,
              const std::map<std::string, std::string>& facts, const std::vector<record::BufferSize>& buffers);

// Whether a line, which llama.cpp writes for debugging only, says that a tensor was put elsewhere on our request.
[[nodiscard]] bool tells_override(std::string_view line);

// Whether a warning or an error says that memory ran out.
[[nodiscard]] bool tells_out_of_memory(std::string_view line);

// False for an error that only says, further up the call stack, that loading failed.
[[nodiscard]] bool tells_cause(std::string_view line);

}  // namespace mia::worker
