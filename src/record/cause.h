// SPDX-License-Identifier: MIT
// Why a worker died, out of its last words: what CUDA's runtime, the loader and ggml say before they end a process,
// with what to do about it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "record/outcome.h"

namespace mia::record {

struct Cause {
  std::string name;  // "cuda_ptx_unsupported", see docs/worker-protocol.md
  std::string text;  // one sentence: what it means and what to do
  bool out_of_memory = false;
};

// The cause that the log names; the most telling one where there are several.
[[nodiscard]] std::optional<Cause> cause_in(std::string_view log);

// Gives an outcome that is not ok its cause and, where it had none, its reason; a crash for want of memory becomes
// out_of_memory.
void explain(Outcome& outcome, std::string_view log);

}  // namespace mia::record
