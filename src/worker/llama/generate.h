// SPDX-License-Identifier: MIT
#pragma once

#include <llama.h>

#include "proto/message.h"
#include "worker/llama/logs.h"
#include "worker/provider.h"

namespace mia::worker {

// One measured pass on the cleared context: prefill, then tokens, with nothing between two tokens but what the input
// mode needs (text: choosing the token; tokens: nothing).
[[nodiscard]] proto::Reply generate(llama_context* context, const proto::Generate& request, LogBook& logs);

// Why a llama call failed, from what the library logged in this phase.
[[nodiscard]] proto::Failed failure_from(const LogBook& logs, std::string_view what);

}  // namespace mia::worker
