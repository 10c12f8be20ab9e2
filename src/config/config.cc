// SPDX-License-Identifier: MIT
#include "config/config.h"

#include <algorithm>
#include <cstdlib>

#include <unistd.h>
#include <nlohmann/json.hpp>

#include "base/files.h"
#include "base/text.h"
#include "config/layer.h"
#include "record/fields.h"

namespace mia::config {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPrefix = "MIA__";
// The perf method's own switches: each turns the token distribution on.
constexpr std::array<const char*, 2> kLatencySwitches = {"MIA_PERF_LATENCY_DIST", "MIA_PERF_STREAM_LATENCY"};

Status apply(Loaded& loaded, const LayerValue& value) {
  MIA_TRY(context(record::set_text(loaded.settings, value.key, value.text), value.origin));
  loaded.origins[value.key] = value.origin;
  return {};
}

Status apply(Loaded& loaded, const std::vector<LayerValue>& values) {
  for (const LayerValue& value : values) {
    MIA_TRY(apply(loaded, value));
  }
  return {};
}

// A file that is not there is an empty layer.
Result<Layer> layer_of(const fs::path& file) {
  std::error_code error;
  if (!fs::exists(file, error)) {
    return Layer{};
  }
  MIA_TRY_ASSIGN(const YamlDocument document, read_yaml(file));
  Layer layer = read_layer(document);
  if (!layer.problems.empty()) {
    return fail(ErrorKind::usage, "{}", join(layer.problems, "\n"));
  }
  return layer;
}

std::string profile_of(const Loaded& loaded, const LoadSpec& spec) {
  if (!spec.profile.empty()) {
    return spec.profile;
  }
  const auto at = std::ranges::find(loaded.catalogue, loaded.settings.llm.id.value_or(""), &ModelEntry::id);
  return at == loaded.catalogue.end() ? std::string() : at->profile;
}

Status apply_profile(Loaded& loaded, const Layer& base, const LoadSpec& spec) {
  const std::string name = profile_of(loaded, spec);
  if (name.empty()) {
    return {};
  }
  const auto at = base.profiles.find(name);
  if (at == base.profiles.end()) {
    std::vector<std::string> names;
    for (const auto& [known, values] : base.profiles) {
      names.push_back(known);
    }
    return fail(ErrorKind::usage, "there is no profile '{}'; there are: {}", printable(name, 80), join(names, ", "));
  }
  return apply(loaded, at->second);
}

// MIA__LLM__PRIMARY__N_THREADS -> llm.primary.n_threads
std::string key_of_variable(std::string_view variable) {
  std::string key = lower(variable.substr(kPrefix.size()));
  for (std::size_t at = key.find("__"); at != std::string::npos; at = key.find("__", at)) {
    key.replace(at, 2, ".");
  }
  return key;
}

Status apply_environment(Loaded& loaded) {
  for (char** at = environ; at != nullptr && *at != nullptr; ++at) {
    const std::string_view variable(*at);
    const std::size_t equals = variable.find('=');
    if (!variable.starts_with(kPrefix) || equals == std::string_view::npos) {
      continue;
    }
    const std::string name(variable.substr(0, equals));
    MIA_TRY_ASSIGN(const record::Field* const field,
                   context(record::require_field(key_of_variable(name)), fmt::format("environment {}", name)));
    MIA_TRY(apply(loaded, {std::string(field->key), std::string(variable.substr(equals + 1)),
                           fmt::format("environment {}", name)}));
  }
  for (const char* const name : kLatencySwitches) {
    if (const char* const value = std::getenv(name); value != nullptr && *value != '\0') {
      MIA_TRY(apply(loaded, {"run.latency_dist", value, fmt::format("environment {}", name)}));
    }
  }
  return {};
}

Status apply_set(Loaded& loaded, const std::vector<std::string>& set) {
  for (const std::string& text : set) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos) {
      return fail(ErrorKind::usage, "--set {}: write key=value", printable(text, 80));
    }
    MIA_TRY_ASSIGN(const record::Field* const field, context(record::require_field(text.substr(0, equals)), "--set"));
    MIA_TRY(apply(loaded, {std::string(field->key), text.substr(equals + 1), "--set"}));
  }
  return {};
}

}  // namespace

fs::path find_config_dir() {
  std::error_code error;
  if (const char* const dir = std::getenv("MIA_PERF_CONFIG_DIR"); dir != nullptr && *dir != '\0') {
    return dir;
  }
  for (const fs::path& dir :
       {fs::path("configs"), executable_path().parent_path().parent_path() / "share/mia-perf/configs"}) {
    if (fs::is_directory(dir, error)) {
      return dir;
    }
  }
  return fs::path(MIA_SOURCE_DIR) / "configs";
}

Result<Loaded> load(const LoadSpec& spec) {
  Loaded loaded;
  loaded.settings = record::default_settings();
  for (const record::Field& field : record::fields()) {
    loaded.origins[std::string(field.key)] = "built-in";
  }
  const fs::path dir = spec.config_dir.empty() ? find_config_dir() : spec.config_dir;
  std::error_code error;
  if (!spec.config_dir.empty() && !fs::is_directory(dir, error)) {
    return fail(ErrorKind::usage, "--config {}: no such folder", dir.string());
  }
  MIA_TRY_ASSIGN(const Layer base, layer_of(dir / "base.yaml"));
  loaded.catalogue = base.models;
  MIA_TRY(apply(loaded, base.values));
  MIA_TRY_ASSIGN(const Layer overrides, layer_of(dir / "overrides.local.yaml"));
  loaded.catalogue.insert(loaded.catalogue.end(), overrides.models.begin(), overrides.models.end());
  MIA_TRY(apply(loaded, overrides.values));
  if (spec.use_environment) {
    MIA_TRY(apply_environment(loaded));
  }
  MIA_TRY(apply_set(loaded, spec.set));
  // The profile belongs to the model that the upper layers chose, and lies below them: once more in order.
  MIA_TRY(apply_profile(loaded, base, spec));
  MIA_TRY(apply(loaded, overrides.values));
  if (spec.use_environment) {
    MIA_TRY(apply_environment(loaded));
  }
  MIA_TRY(apply_set(loaded, spec.set));
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
  return read_layer(*document).problems;
}

}  // namespace mia::config
