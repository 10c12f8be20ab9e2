// SPDX-License-Identifier: MIT
#include "config/config.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <iterator>
#include <span>

#include <unistd.h>

#include <nlohmann/json.hpp>

#include "base/files.h"
#include "base/text.h"
#include "config/layer.h"
#include "record/fields.h"

namespace mia::config {
namespace {

namespace fs = std::filesystem;

// Files by the name that a person would type: relative where they lie below the working folder.
std::string display_name(const fs::path& file) {
  std::error_code error;
  const fs::path relative = file.lexically_relative(fs::current_path(error));
  const bool below = !error && !relative.empty() && *relative.begin() != "..";
  return file.is_absolute() && below ? relative.string() : file.string();
}

void append(std::vector<std::string>& all, const std::vector<std::string>& more) {
  all.insert(all.end(), more.begin(), more.end());
}

struct Layers {
  Layer base;
  Layer overrides;
  Layer environment;
  Layer set;
};

// A file that is not there is an empty layer.
Layer read_file_layer(const fs::path& file, std::vector<fs::path>& files) {
  std::error_code error;
  if (fs::status(file, error).type() == fs::file_type::not_found) {
    return {};
  }
  const auto text = read_file(file, std::size_t{1} << 20U);
  const auto document = text ? parse_yaml(*text, display_name(file)) : Result<YamlDocument>(text.failure());
  if (!document) {
    Layer layer;
    layer.problems.push_back(document.error().text());
    return layer;
  }
  files.push_back(file);
  return read_layer(*document);
}

void apply_layer(Loaded& loaded, const std::vector<Assignment>& values) {
  put(loaded.settings, values);
  for (const Assignment& value : values) {
    loaded.origins[std::string(value.field->key)] = value.origin;
  }
}

// An entry of the upper layer replaces one of the same id.
std::vector<ModelRow> merged_models(const Layers& layers) {
  std::vector<ModelRow> models = layers.base.models;
  for (const ModelRow& row : layers.overrides.models) {
    const auto same = std::ranges::find_if(models, [&](const ModelRow& r) { return r.entry.id == row.entry.id; });
    if (same == models.end()) {
      models.push_back(row);
    } else {
      *same = row;
    }
  }
  return models;
}

using Profiles = std::map<std::string, std::vector<Assignment>>;

Profiles merged_profiles(const Layers& layers) {
  Profiles profiles = layers.overrides.profiles;
  profiles.insert(layers.base.profiles.begin(), layers.base.profiles.end());
  return profiles;
}

std::string unknown_profile(const std::string& place, const std::string& name, const Profiles& profiles) {
  std::vector<std::string> names;
  std::ranges::transform(profiles, std::back_inserter(names), [](const auto& row) { return row.first; });
  return fmt::format("{}: there is no profile '{}'; there are: {}", place, one_line(name, 80),
                     names.empty() ? "none" : join(names, ", "));
}

// What the layers leave wrong together: models that name a profile which no file has.
std::vector<std::string> profile_problems(const std::vector<ModelRow>& models, const Profiles& profiles) {
  std::vector<std::string> problems;
  for (const ModelRow& row : models) {
    if (!row.entry.profile.empty() && !profiles.contains(row.entry.profile)) {
      problems.push_back(unknown_profile(row.place, row.entry.profile, profiles));
    }
  }
  return problems;
}

Loaded built_in() {
  Loaded loaded;
  loaded.settings = record::default_settings();
  for (const record::Field& field : record::fields()) {
    loaded.origins[std::string(field.key)] = "built-in";
  }
  return loaded;
}

// The measured model names the profile, which itself lies below most layers that may choose the model.
std::string profile_of(const Layers& layers, const std::vector<ModelEntry>& catalogue,
                       std::vector<std::string> measured) {
  if (measured.empty()) {
    Loaded trial = built_in();
    for (const Layer* const layer : {&layers.base, &layers.overrides, &layers.environment, &layers.set}) {
      put(trial.settings, layer->values);
    }
    measured.push_back(trial.settings.llm.id.value_or(""));
  }
  for (const std::string& id : measured) {
    const auto at = std::ranges::find(catalogue, id, &ModelEntry::id);
    if (at != catalogue.end() && !at->profile.empty()) {
      return at->profile;
    }
  }
  return {};
}

Result<fs::path> dir_of(const LoadSpec& spec) {
  std::error_code error;
  if (!spec.config_dir.empty() && !fs::is_directory(spec.config_dir, error)) {
    return fail(ErrorKind::usage, "--config {}: no such folder", spec.config_dir.string());
  }
  fs::path dir = spec.config_dir.empty() ? find_config_dir() : spec.config_dir;
  if (const char* const named = std::getenv("MIA_PERF_CONFIG_DIR");
      named != nullptr && dir == named && !fs::is_directory(dir, error)) {
    return fail(ErrorKind::usage, "environment MIA_PERF_CONFIG_DIR: no folder '{}'", dir.string());
  }
  return dir;
}

bool looks_like_scenario(const Json& json) {
  return json.is_object() &&
         std::ranges::any_of(std::array{"axes", "workloads", "parts", "checks", "report", "settings"},
                             [&](const char* key) { return json.contains(key); });
}

Status require_none(const std::vector<std::string>& problems) {
  if (problems.empty()) {
    return {};
  }
  const std::span<const std::string> others = std::span(problems).subspan(1);
  return with_detail(fail(ErrorKind::usage, "{}", problems.front()), join(others, "\n"));
}

}  // namespace

fs::path find_config_dir() {
  if (const char* const dir = std::getenv("MIA_PERF_CONFIG_DIR"); dir != nullptr && *dir != '\0') {
    return dir;
  }
  std::error_code error;
  for (const fs::path& dir :
       {fs::path("configs"), executable_path().parent_path().parent_path() / "share/mia-perf/configs"}) {
    if (fs::is_directory(dir, error)) {
      return dir;
    }
  }
  return fs::path(MIA_SOURCE_DIR) / "configs";
}

Result<Loaded> load(const LoadSpec& spec) {
  MIA_TRY_ASSIGN(const fs::path dir, dir_of(spec));
  Loaded loaded = built_in();
  Layers layers;
  layers.base = read_file_layer(dir / "base.yaml", loaded.files);
  layers.overrides = read_file_layer(dir / "overrides.local.yaml", loaded.files);
  layers.environment = spec.use_environment ? read_environment(environ) : Layer{};
  layers.set = read_set(spec.set);
  layers.set.values.insert(layers.set.values.end(), spec.flags.begin(), spec.flags.end());
  const std::vector<ModelRow> models = merged_models(layers);
  const Profiles profiles = merged_profiles(layers);
  std::vector<std::string> problems;
  for (const Layer* const layer : {&layers.base, &layers.overrides, &layers.environment, &layers.set}) {
    append(problems, layer->problems);
  }
  append(problems, profile_problems(models, profiles));
  std::ranges::transform(models, std::back_inserter(loaded.catalogue), [](const ModelRow& row) { return row.entry; });
  loaded.profile = spec.profile.empty() ? profile_of(layers, loaded.catalogue, spec.models) : spec.profile;
  if (!spec.profile.empty() && !profiles.contains(spec.profile)) {
    problems.push_back(unknown_profile("--profile", spec.profile, profiles));
  }
  if (loaded.files.empty() && problems.empty() && !spec.config_dir.empty()) {
    problems.push_back(fmt::format("--config {}: no base.yaml and no overrides.local.yaml in it",
                                   one_line(spec.config_dir.string(), 200)));
  }
  MIA_TRY(require_none(problems));
  apply_layer(loaded, layers.base.values);
  if (!loaded.profile.empty()) {
    apply_layer(loaded, profiles.at(loaded.profile));
  }
  apply_layer(loaded, layers.overrides.values);
  apply_layer(loaded, layers.environment.values);
  for (const Assignment& one : layers.set.values) {
    add(loaded.fixed, one);
  }
  apply_layer(loaded, loaded.fixed);
  loaded.warnings = std::move(layers.environment.warnings);
  return loaded;
}

Result<std::vector<std::string>> check_file(const fs::path& path) {
  const auto document = read_yaml(path);
  if (!document) {
    if (document.error().kind == ErrorKind::usage) {
      return std::vector<std::string>{document.error().text()};
    }
    return document.failure();
  }
  if (looks_like_scenario(document->json())) {
    return with_hint(fail(ErrorKind::usage, "{} is a scenario, no configuration", one_line(path.string(), 200)),
                     fmt::format("mia-perf run {} --dry-run checks it", one_line(path.string(), 200)));
  }
  Layer layer = read_layer(*document);
  if (!layer.profiles.empty()) {  // a file without any takes those of base.yaml
    append(layer.problems, profile_problems(layer.models, layer.profiles));
  }
  return std::move(layer.problems);
}

}  // namespace mia::config
