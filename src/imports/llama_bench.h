// SPDX-License-Identifier: MIT
// Results of llama-bench (any of its schema generations, any of its output formats, and tables pasted from it), of
// llama-batched-bench and of ik_llama's sweep-bench. Columns come and go: only those of the speed and of the counts of
// tokens have a meaning here, all others are settings that tell rows apart, and every row is kept as it was.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "store/types.h"

namespace mia::imports {

// `source` is the path the bytes came from. The format is told by the bytes. A speed that is 0, negative or no finite
// number is null with the reason in the row's `problem`; a row that says not what was measured is left out; both stand
// in the file's notes with their lines. Errors of kind usage say what the file is instead, or the line where it is not
// whole; a file without any row is one.
[[nodiscard]] Result<store::ImportedSamples> read_llama_bench(std::string_view bytes, std::string_view source);

// Column and value of all that may tell one row from another: neither figures nor times nor counts of tokens. Words for
// true and false are 1 and 0, as the generations of the format differ in them.
using Columns = std::map<std::string, std::string>;
[[nodiscard]] Columns columns_of(const Json& fields);

// What maps on our settings.
[[nodiscard]] record::Settings settings_of(const Json& fields);

// `name` as people write it on the command line: a column, or one of the groups build, machine and model.
[[nodiscard]] std::set<std::string> columns_named(std::string_view name);
// The group that the column belongs to, or itself: columns that cannot differ alone.
[[nodiscard]] std::set<std::string> columns_beside(std::string_view column);

}  // namespace mia::imports
