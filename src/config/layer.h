// SPDX-License-Identifier: MIT
// One source of settings as a layer: values with their origins, models and profiles. Internal to the room.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "config/yaml_tree.h"

namespace mia::config {

struct LayerValue {
  std::string key;  // full key of the field table
  std::string text;
  std::string origin;  // "configs/base.yaml:12"
};

struct ModelRow {
  ModelEntry entry;
  std::string place;  // where its profile is named, for messages
};

struct Layer {
  std::vector<LayerValue> values;
  std::vector<ModelRow> models;
  std::map<std::string, std::vector<LayerValue>> profiles;
  std::vector<std::string> problems;  // one sentence each, with file and line
};

[[nodiscard]] Layer read_layer(const YamlDocument& document);

// The members of one entry of `models:`, by the key in the file.
[[nodiscard]] const std::map<std::string, std::string ModelEntry::*>& model_members();

// "MIA__LLM__PRIMARY__N_THREADS=2" and the perf method's switches; an unknown MIA__ variable is a problem, an empty one
// counts as not set.
[[nodiscard]] Layer read_environment(const char* const* variables);

// "key=value" of --set; bare names are good where only one key has them.
[[nodiscard]] Layer read_set(const std::vector<std::string>& set);

}  // namespace mia::config
