// SPDX-License-Identifier: MIT
#include "config/yaml_tree.h"

#include <algorithm>

#include <yaml-cpp/yaml.h>
#include <nlohmann/json.hpp>

#include "base/files.h"
#include "base/text.h"

namespace mia::config {
namespace {

constexpr std::size_t kMaxBytes = std::size_t{1} << 20U;
constexpr int kMaxDepth = 32;
constexpr int kMaxNodes = 100'000;

class Converter {
 public:
  explicit Converter(YamlDocument& document) : document_(document) {}

  Result<Json> convert(const YAML::Node& node, const std::string& path, int depth) {
    document_.lines.emplace(path, node.Mark().line + 1);
    if (depth > kMaxDepth || ++nodes_ > kMaxNodes) {
      return fail(ErrorKind::usage, "{}: nested too deeply or too large", document_.place(path));
    }
    if (node.IsMap()) {
      return convert_map(node, path, depth);
    }
    if (node.IsSequence()) {
      Json list = Json::array();
      for (std::size_t i = 0; i < node.size(); ++i) {
        MIA_TRY_ASSIGN(Json item, convert(node[i], fmt::format("{}.{}", path, i), depth + 1));
        list.push_back(std::move(item));
      }
      return list;
    }
    return node.IsScalar() ? scalar(node) : Json(nullptr);
  }

 private:
  Result<Json> convert_map(const YAML::Node& node, const std::string& path, int depth) {
    Json object = Json::object();
    for (const auto& item : node) {
      if (!item.first.IsScalar()) {
        return fail(ErrorKind::usage, "{}: a key must be a word", document_.place(path));
      }
      const std::string key = item.first.Scalar();
      const std::string below = path.empty() ? key : path + "." + key;
      document_.lines[below] = item.first.Mark().line + 1;
      if (object.contains(key)) {
        return fail(ErrorKind::usage, "{}: '{}' stands here a second time; remove one", document_.place(below),
                    printable(key, 80));
      }
      MIA_TRY_ASSIGN(Json value, convert(item.second, below, depth + 1));
      object[key] = std::move(value);
    }
    return object;
  }

  static Json scalar(const YAML::Node& node) {
    const std::string& text = node.Scalar();
    if (node.Tag() == "!") {  // quoted
      return text;
    }
    if (text.empty() || text == "~" || text == "null") {
      return nullptr;
    }
    if (text == "true" || text == "false") {
      return text == "true";
    }
    if (const auto integer = parse_int(text)) {
      return *integer;
    }
    const auto number = parse_double(text);
    return number ? Json(*number) : Json(text);
  }

  YamlDocument& document_;
  int nodes_ = 0;
};

// An alias is a way to make a small file huge, and nothing here needs one.
bool has_alias(std::string_view text) {
  for (const std::string& line : split(text, '\n')) {
    const std::string_view content = trim(line);
    const std::size_t colon = content.find(": ");
    const std::string_view value = trim(colon == std::string_view::npos ? content : content.substr(colon + 2));
    if (!content.starts_with('#') && (value.starts_with('*') || value.starts_with("- *"))) {
      return true;
    }
  }
  return false;
}

}  // namespace

std::string YamlDocument::place(const std::string& path) const {
  const auto at = lines.find(path);
  return at == lines.end() ? name : fmt::format("{}:{}", name, at->second);
}

Result<YamlDocument> parse_yaml(std::string_view text, const std::string& name) {
  if (text.size() > kMaxBytes) {
    return fail(ErrorKind::usage, "{}: larger than 1 MiB", name);
  }
  YamlDocument document;
  document.name = name;
  if (has_alias(text)) {
    return fail(ErrorKind::usage, "{}: aliases (*name) are not taken; write the value out", name);
  }
  try {
    const YAML::Node root = YAML::Load(std::string(text));
    MIA_TRY_ASSIGN(Json json, Converter(document).convert(root, "", 0));
    document.tree = std::make_shared<const Json>(std::move(json));
  } catch (const YAML::Exception& error) {
    return fail(ErrorKind::usage, "{}:{}: {}", name, error.mark.line + 1, printable(error.msg, 200));
  }
  return document;
}

Result<YamlDocument> read_yaml(const std::filesystem::path& path) {
  MIA_TRY_ASSIGN(const std::string text, read_file(path, kMaxBytes));
  return parse_yaml(text, path.string());
}

}  // namespace mia::config
