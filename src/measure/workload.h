// SPDX-License-Identifier: MIT
// From settings to what a worker is asked to compute.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "client/worker.h"
#include "proto/message.h"
#include "record/settings.h"

namespace mia::measure {

// The built-in prompt: an unfinished story, so that also a model that was never taught to answer goes on.
[[nodiscard]] std::string_view built_in_prompt();

// The request of one run. Reads workload.prompt_file; errors of kind usage or io name the key.
[[nodiscard]] Result<proto::Generate> make_request(const record::Settings& settings);

// Tokens that the KV cache must hold at most: no token of a text is shorter than a byte.
[[nodiscard]] std::int64_t context_bound(const proto::Generate& request);
// Tokens that it must hold, counted by the worker that has loaded the model; context_bound() where it cannot count. Not
// ok only where the worker is gone.
[[nodiscard]] client::Answer<std::int64_t> context_needed(client::Worker& worker, const proto::Generate& request,
                                                          double limit_s);

}  // namespace mia::measure
