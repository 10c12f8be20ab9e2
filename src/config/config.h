// SPDX-License-Identifier: MIT
// The layers of the configuration, lowest first: built-in defaults, configs/base.yaml, the threshold profile of the
// model, configs/overrides.local.yaml, environment (MIA__LLM__PRIMARY__N_THREADS=2), --set.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "config/assignment.h"
#include "record/settings.h"

namespace mia::config {

// One entry of `models:` in base.yaml.
struct ModelEntry {
  std::string id;
  std::string source;  // "pypi:NAME==VERSION", "synth:PRESET:QUANT", "folder", "" when the user provides the file
  std::string member;  // path of the GGUF file inside what a pypi source gives
  std::string file;
  std::string description;
  std::string profile;  // name under `profiles:`, "" for none
};

struct Loaded {
  record::Settings settings;
  // Every key of the field table -> "built-in", "configs/base.yaml:12", "profile legacy (configs/base.yaml:40)",
  // "environment MIA__...", "--set".
  std::map<std::string, std::string> origins;
  std::vector<ModelEntry> catalogue;         // of base.yaml; an entry of overrides.local.yaml replaces one of its id
  std::string profile;                       // of thresholds, the one in force; "" for none
  std::vector<Assignment> fixed;             // the highest layer: --set and flags, each key once
  std::vector<std::string> warnings;         // one sentence each
  std::vector<std::filesystem::path> files;  // that were read
};

struct LoadSpec {
  std::filesystem::path config_dir;  // empty: find_config_dir()
  std::vector<std::string> set;      // "key=value", the highest layer
  std::string profile;               // of thresholds; empty: the one of the measured model's catalogue entry
  bool use_environment = true;
  std::vector<Assignment> flags = {};    // that stand for a key; above `set`
  std::vector<std::string> models = {};  // ids of those measured; empty: the one that the layers choose
};

// An error of kind usage tells all problems of all layers, one a line: where (file and line, variable, --set), which
// key, and what to do.
[[nodiscard]] Result<Loaded> load(const LoadSpec& spec);

// One YAML file alone; all of its problems, empty when it is good.
[[nodiscard]] Result<std::vector<std::string>> check_file(const std::filesystem::path& path);

// $MIA_PERF_CONFIG_DIR, ./configs, <exe>/../share/mia-perf/configs, the source tree's: the first that is a folder.
[[nodiscard]] std::filesystem::path find_config_dir();

// docs/config-registry.md.
[[nodiscard]] std::string registry_markdown();
// JSON Schema (2020-12) of a configuration file.
[[nodiscard]] Json settings_schema();

}  // namespace mia::config
