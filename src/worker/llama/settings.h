// SPDX-License-Identifier: MIT
// From our settings to llama.cpp's parameters and back. Members that are not set keep the runtime's own defaults.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <llama.h>

#include "base/result.h"
#include "record/settings.h"
#include "record/trial.h"

namespace mia::worker {

// Parameters and what they point to.
struct ModelSetup {
  llama_model_params params{};
  std::vector<std::string> patterns;
  std::vector<llama_model_tensor_buft_override> overrides;
};

// Error kind unsupported: a wish that this llama.cpp cannot grant.
[[nodiscard]] Result<std::unique_ptr<ModelSetup>> model_setup(const record::LlmSettings& settings);
[[nodiscard]] Result<llama_context_params> context_setup(const record::LlmSettings& settings, std::int64_t n_ctx);

// Has this runtime a device that is a GPU, its own or another machine's?
[[nodiscard]] bool sees_gpu();

// What the context reports, and what the log lines of the load and the context told.
[[nodiscard]] record::Settings effective_settings(llama_context* context, const record::LlmSettings& asked,
                                                  const std::map<std::string, std::string>& facts,
                                                  const std::vector<record::BufferSize>& buffers);

// Why a wish for the load was granted in name only, by what the log told; nullopt where all had an effect.
[[nodiscard]] std::optional<std::string> without_effect(const record::LlmSettings& asked,
                                                        const std::map<std::string, std::string>& facts);

}  // namespace mia::worker
