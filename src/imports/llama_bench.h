// SPDX-License-Identifier: MIT
// Result files of llama-bench as JSON, JSONL, CSV or SQL, of any of its schema generations: fields come and go, so only
// the counts of tokens and avg_ts must be there, and whatever a row has is kept as it was.
#pragma once

#include <string_view>

#include "base/result.h"
#include "store/types.h"

namespace mia::imports {

// `source` is the path the text came from. The format is told by the text itself. Errors of kind usage say the row or
// line: a file that is not whole, of another tool, with a figure that is no finite number, or without rows.
[[nodiscard]] Result<store::ImportedSamples> read_llama_bench(std::string_view text, std::string_view source);

}  // namespace mia::imports
