// SPDX-License-Identifier: MIT
// A bounded reading of YAML into JSON, with the line of every value, so that errors can say where.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/result.h"

namespace mia::config {

struct YamlDocument {
  std::string name;                  // for messages: the path, or what the caller said
  Json json;                         // null for an empty document
  std::map<std::string, int> lines;  // "axes.n_threads" -> 1-based line of the key, "models[0].id" inside lists

  // "configs/base.yaml:12", or the bare name when the line is unknown.
  [[nodiscard]] std::string where(const std::string& path) const;
};

// Plain scalars follow YAML 1.2's core schema (true/false, whole numbers, decimals, null/~); quoted ones are text. At
// most 1 MiB, 32 levels and 100,000 values after aliases are followed; a key given twice, a key that is no text, a
// second document and a custom tag are errors with name and line.
[[nodiscard]] Result<YamlDocument> parse_yaml(std::string_view text, std::string name);
[[nodiscard]] Result<YamlDocument> read_yaml(const std::filesystem::path& path);

}  // namespace mia::config
