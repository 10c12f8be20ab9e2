// SPDX-License-Identifier: MIT
// One source of settings as a layer: values with their origins, models and profiles. Internal to the room.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "config/assignment.h"
#include "config/config.h"
#include "config/yaml_tree.h"

namespace mia::config {

struct ModelRow {
  ModelEntry entry;
  std::string place;  // where its profile is named, for messages
};

struct Layer {
  std::vector<Assignment> values;
  std::vector<ModelRow> models;
  std::map<std::string, std::vector<Assignment>> profiles;
  std::vector<std::string> problems;  // one sentence each, with file and line
  std::vector<std::string> warnings;
};

[[nodiscard]] Layer read_layer(const YamlDocument& document);

// The members of one entry of `models:`, by the key in the file.
[[nodiscard]] const std::map<std::string, std::string ModelEntry::*>& model_members();

// "MIA__LLM__PRIMARY__N_THREADS=2" and the perf method's switches; an unknown MIA__ variable is a problem, an empty one
// counts as not set. One that is meant so, but has another case or single underscores, is a warning.
[[nodiscard]] Layer read_environment(const char* const* variables);

// "key=value" of --set.
[[nodiscard]] Layer read_set(const std::vector<std::string>& set);

}  // namespace mia::config
