// SPDX-License-Identifier: MIT
// From settings to what a worker is asked to compute.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "proto/message.h"
#include "record/settings.h"

namespace mia::measure {

// The built-in prompt: an unfinished story, so that also a model that was never taught to answer goes on.
[[nodiscard]] std::string_view built_in_prompt();

// The request of one run. Reads workload.prompt_file; errors of kind usage or io name the key.
[[nodiscard]] Result<proto::Generate> make_request(const record::Settings& settings);

// Tokens that the KV cache must hold when the prompt has `prompt_tokens`.
[[nodiscard]] std::int64_t context_needed(const proto::Generate& request, std::int64_t prompt_tokens);

// A bound on the tokens of a text without a tokenizer: no token is shorter than a byte.
[[nodiscard]] std::int64_t prompt_bound(const proto::Generate& request);
// context_needed() by that bound.
[[nodiscard]] std::int64_t context_bound(const proto::Generate& request);

}  // namespace mia::measure
