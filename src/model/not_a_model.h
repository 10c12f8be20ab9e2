// SPDX-License-Identifier: MIT
// Private to the room: what a file is that is no language model, in one sentence with what to do. Sources of the marks:
// ggml's docs/gguf.md and gguf-py (general.type), the older llama.cpp loaders, git-lfs' specification, file(1).
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "model/gguf.h"

namespace mia::model {

inline constexpr std::int64_t kHeadBytes = 512;

// A file that does not begin with "GGUF", by its first bytes (kHeadBytes, or all) and its size. nullopt: unknown.
[[nodiscard]] std::optional<Failure> name_foreign_file(std::string_view head, std::int64_t file_bytes,
                                                       std::string_view path);

// A GGUF file that holds something else (adapter, projector, importance matrix, vocabulary ...). nullopt: a model.
[[nodiscard]] std::optional<Failure> name_other_gguf(const GgufFile& file, const std::filesystem::path& path);

// A folder, a FIFO, a device: whatever is no regular file. The path exists.
[[nodiscard]] Failure name_non_file(const std::filesystem::path& path);

}  // namespace mia::model
