// SPDX-License-Identifier: MIT
// Where other programs of this machine keep models, and the names under which -m takes them: "ollama:qwen2.5:7b",
// "lmstudio:publisher/repo/file", "hf:org/name/file". Folders and manifests are read within bounds; nothing is written,
// and what is no regular file is not opened. The places stand in one table (places.cc), each with its source; a folder
// of one's own is an entry of the catalogue with the source "folder".
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/catalogue.h"

namespace mia::model {

struct FoundModel {
  std::string name;            // what -m takes: the place, a colon, and the place's own name without ".gguf"
  std::filesystem::path path;  // of a model in several files the first; reading it says whether it is a model
  std::int64_t bytes = 0;      // of all files that are there
  std::string problem;         // what keeps it from being read at all; "": nothing known
};

// A folder that was looked into, or could not be.
struct LookedFolder {
  std::string place;  // "Ollama"
  std::filesystem::path folder;
  std::string state;  // "3" found, "not there", why it was not read
};

struct FoundModels {
  std::vector<FoundModel> models;  // by name; each file once under each name
  std::vector<LookedFolder> folders;
};

// `place`: only this one, "ollama". No header of a model is read.
[[nodiscard]] FoundModels find_models(std::span<const CatalogueEntry> entries, std::string_view place = {});

// Those whose file reads as a model that -m takes: is_decoder().
[[nodiscard]] std::vector<FoundModel> measurable_models(std::span<const CatalogueEntry> entries);

// Whether `id` begins with the name of a place and a colon, so that it can be nothing but a name of find_models().
[[nodiscard]] bool names_a_place(std::string_view id, std::span<const CatalogueEntry> entries);

// The file of such a name. A beginning of it is enough where only one model goes on from there ("hf:org/name", of
// Ollama the tag "latest"). Error kinds: not_found with what it could mean, usage with the candidates where several
// match, unsupported where the one that matches cannot be read.
[[nodiscard]] Result<std::filesystem::path> resolve_found(std::string_view id, std::span<const CatalogueEntry> entries);

// Names of models elsewhere that `wanted`, which names no place, could mean, a few at most.
[[nodiscard]] std::vector<std::string> similar_names(std::string_view wanted, const FoundModels& found);

}  // namespace mia::model
