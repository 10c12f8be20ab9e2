// SPDX-License-Identifier: MIT
// One YAML file as a layer: its settings with their lines, its models and profiles. Internal to the room.
#pragma once

#include <string>
#include <vector>

#include "config/config.h"
#include "config/yaml_tree.h"

namespace mia::config {

struct LayerValue {
  std::string key;  // full key of the field table
  std::string text;
  std::string origin;  // "configs/base.yaml:12"
};

struct Layer {
  std::vector<LayerValue> values;
  std::vector<ModelEntry> models;
  std::map<std::string, std::vector<LayerValue>> profiles;
  std::vector<std::string> problems;  // one sentence each, with file and line
};

[[nodiscard]] Layer read_layer(const YamlDocument& document);

}  // namespace mia::config
