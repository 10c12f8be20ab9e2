// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include <llama.h>

#include "proto/message.h"
#include "worker/llama/logs.h"
#include "worker/llama/tokens.h"
#include "worker/provider.h"

namespace mia::worker {

// The tokens of an untimed run, for runs that leave choosing out (workload.sample = false).
struct Chosen {
  std::string key;  // of the request that they belong to
  Tokens tokens;
};

// One measured pass on the cleared context: prefill, then tokens, with nothing between two tokens but what the workload
// asks for (text: choosing the token, with `stream` also its text; tokens: nothing).
[[nodiscard]] proto::Reply generate(llama_context* context, const proto::Generate& request, Chosen& chosen,
                                    LogBook& logs);

// Why a llama call failed, from what the library logged in this phase.
[[nodiscard]] proto::Failed failure_from(const LogBook& logs, std::string_view what);

}  // namespace mia::worker
