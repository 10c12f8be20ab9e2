// SPDX-License-Identifier: MIT
// A model in several files, as llama-gguf-split writes them: NAME-00001-of-00003.gguf and so on. The first holds the
// metadata, each says its place (split.no, split.count) and the number of tensors of all. Any of them names the model;
// llama.cpp loads it from the first and finds the others by their names.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/gguf.h"

namespace mia::model {

inline constexpr std::size_t kMaxParts = 1000;

// The files that the name speaks of, the first part first; `path` alone for a name of another form. Looks at no file.
[[nodiscard]] std::vector<std::filesystem::path> files_by_name(const std::filesystem::path& path);

// "x" for "dir/x.gguf" and "dir/x-00002-of-00003.gguf".
[[nodiscard]] std::string model_name(const std::filesystem::path& path);

struct ModelFiles {
  GgufFile whole;  // metadata of the first part; tensors, bytes and hash of all (offsets: each in its own file)
  std::vector<std::filesystem::path> files;  // the first part first
};

// Reads the headers of all parts of the model that `path` is or belongs to. Error kind not_found names a part that is
// missing, protocol one that is of another model or misnamed.
[[nodiscard]] Result<ModelFiles> read_model(const std::filesystem::path& path);

}  // namespace mia::model
