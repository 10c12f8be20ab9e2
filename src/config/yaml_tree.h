// SPDX-License-Identifier: MIT
// YAML as JSON with line numbers, bounded: at most 1 MiB, 32 levels and 100,000 nodes; keys given twice, aliases, tags
// and second documents are refused. Plain scalars become null, booleans or numbers where YAML's core schema says so;
// quoted ones stay text.
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"

namespace mia::config {

inline constexpr std::size_t kMaxYamlBytes = std::size_t{1} << 20U;

struct YamlDocument {
  std::shared_ptr<const Json> tree;
  std::map<std::string, int> lines;          // "axes.n_threads" -> 1-based line; list members as "models.0.id"
  std::map<std::string, std::string> texts;  // path of a scalar -> as written, without quotes: "1.30" stays "1.30"

  [[nodiscard]] const Json& json() const { return *tree; }
  // "NAME:LINE" of a path, "NAME" when it has none.
  [[nodiscard]] std::string place(const std::string& path) const;
  std::string name;
};

[[nodiscard]] Result<YamlDocument> read_yaml(const std::filesystem::path& path);
// `name` is the file's name for messages. Errors of kind usage: "NAME:LINE: what".
[[nodiscard]] Result<YamlDocument> parse_yaml(std::string_view text, const std::string& name);

}  // namespace mia::config
