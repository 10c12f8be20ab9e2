// SPDX-License-Identifier: MIT
// The tree is built from yaml-cpp's events instead of its nodes: limits, doubled keys and aliases are seen while
// reading, before a small file can become a large tree.
#include "config/yaml_tree.h"

#include <optional>
#include <sstream>
#include <vector>

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>
#include <nlohmann/json.hpp>

#include "base/files.h"
#include "base/text.h"

namespace mia::config {
namespace {

constexpr std::size_t kMaxDepth = 32;
constexpr int kMaxNodes = 100'000;
constexpr std::size_t kMaxKey = 256;
// Paths repeat their parents' keys: without a limit of its own a 1 MiB file could ask for gigabytes of them.
constexpr std::size_t kMaxPathBytes = std::size_t{32} << 20U;

// yaml-cpp's way to stop with a mark; caught in parse_yaml like its own.
[[noreturn]] void refuse(const YAML::Mark& mark, const std::string& what) {
  throw YAML::ParserException(mark, what);
}

Json value_of(const std::string& text) {
  if (text == "true" || text == "false") {
    return text == "true";
  }
  if (const auto integer = parse_int(text)) {
    return *integer;
  }
  const auto number = parse_double(text);
  return number ? Json(*number) : Json(text);
}

class TreeBuilder : public YAML::EventHandler {
 public:
  explicit TreeBuilder(YamlDocument& document) : document_(document) {}

  [[nodiscard]] Json take() { return std::move(root_); }
  [[nodiscard]] const std::optional<YAML::Mark>& last_quoted() const { return last_quoted_; }

  void OnDocumentStart(const YAML::Mark& /*mark*/) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t /*anchor*/) override {
    if (wants_key()) {
      refuse(mark, "a key must be a word");
    }
    place_value(mark, nullptr);
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t /*anchor*/) override {
    refuse(mark, "aliases (*name) are not taken; write the value out");
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t /*anchor*/,
                const std::string& text) override {
    check_tag(mark, tag);
    const bool quoted = tag == "!";
    if (quoted) {
      last_quoted_ = mark;
    }
    if (wants_key()) {
      take_key(mark, text);
      return;
    }
    document_.texts[place_value(mark, quoted ? Json(text) : value_of(text))] = text;
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t /*anchor*/,
                       YAML::EmitterStyle::value /*style*/) override {
    open(mark, tag, Json::array());
  }
  void OnSequenceEnd() override { levels_.pop_back(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t /*anchor*/,
                  YAML::EmitterStyle::value /*style*/) override {
    open(mark, tag, Json::object());
  }
  void OnMapEnd() override { levels_.pop_back(); }

 private:
  struct Level {
    Json* json;  // stays where it is: a container only grows after its last open child is closed
    std::string path;
    std::optional<std::string> key;  // of the value to come
  };

  [[nodiscard]] bool wants_key() const {
    return !levels_.empty() && levels_.back().json->is_object() && !levels_.back().key;
  }

  static void check_tag(const YAML::Mark& mark, const std::string& tag) {
    if (!tag.empty() && tag != "?" && tag != "!") {
      refuse(mark, "tags (!name) are not taken; quote a value to make it text");
    }
  }

  void take_key(const YAML::Mark& mark, const std::string& key) {
    Level& level = levels_.back();
    if (key.size() > kMaxKey) {
      refuse(mark, fmt::format("a key of {} bytes; {} at most", key.size(), kMaxKey));
    }
    if (level.json->contains(key)) {
      refuse(mark, fmt::format("'{}' stands here a second time; remove one", one_line(key, 80)));
    }
    level.key = key;
    remember(level.path.empty() ? key : level.path + "." + key, mark);
  }

  void remember(const std::string& path, const YAML::Mark& mark) {
    path_bytes_ += path.size();
    if (++nodes_ > kMaxNodes || path_bytes_ > kMaxPathBytes) {
      refuse(mark, fmt::format("too large; at most {} values", kMaxNodes));
    }
    document_.lines.emplace(path, mark.line + 1);
  }

  // Puts `value` where the innermost open container wants it; gives its path.
  std::string place_value(const YAML::Mark& mark, Json value) {
    if (levels_.empty()) {
      remember("", mark);
      root_ = std::move(value);
      last_ = &root_;
      return "";
    }
    Level& level = levels_.back();
    if (level.json->is_array()) {
      const std::string path = fmt::format("{}.{}", level.path, level.json->size());
      remember(path, mark);
      level.json->push_back(std::move(value));
      last_ = &level.json->back();
      return path;
    }
    const std::string key = *level.key;
    level.key.reset();
    Json& slot = (*level.json)[key];
    slot = std::move(value);
    last_ = &slot;
    return level.path.empty() ? key : level.path + "." + key;
  }

  void open(const YAML::Mark& mark, const std::string& tag, Json container) {
    check_tag(mark, tag);
    if (wants_key()) {
      refuse(mark, "a key must be a word");
    }
    if (levels_.size() >= kMaxDepth) {
      refuse(mark, fmt::format("nested deeper than {} levels", kMaxDepth));
    }
    std::string path = place_value(mark, std::move(container));
    levels_.push_back({last_, std::move(path), std::nullopt});
  }

  YamlDocument& document_;
  Json root_;
  Json* last_ = nullptr;
  std::vector<Level> levels_;
  std::optional<YAML::Mark> last_quoted_;
  int nodes_ = 0;
  std::size_t path_bytes_ = 0;
};

// Line of the first tab that indents, 0 for none: the cause of most puzzling messages.
int tab_line(std::string_view text) {
  int number = 0;
  for (const std::string& line : split(text, '\n')) {
    ++number;
    const std::size_t content = line.find_first_not_of(" \t");
    if (content != std::string::npos && line.substr(0, content).find('\t') != std::string::npos) {
      return number;
    }
  }
  return 0;
}

Failure unreadable(std::string_view text, const std::string& name, const YAML::Exception& error) {
  const int tab = tab_line(text);
  if (tab > 0 && tab <= error.mark.line + 1) {
    return fail(ErrorKind::usage, "{}:{}: YAML is indented by spaces; there is a tab", name, tab);
  }
  return fail(ErrorKind::usage, "{}:{}: {}", name, error.mark.line + 1, one_line(error.msg, 200));
}

// yaml-cpp lets a quoted text that nobody closes end with the file, without a word. Only the last one can be such.
bool is_closed(std::string_view text, std::size_t at) {
  if (at >= text.size() || (text[at] != '"' && text[at] != '\'')) {
    return true;
  }
  const char quote = text[at];
  for (std::size_t i = at + 1; i < text.size(); ++i) {
    if (text.substr(i, 2) == (quote == '"' ? "\\\"" : "''") || text.substr(i, 2) == "\\\\") {
      ++i;
    } else if (text[i] == quote) {
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
  if (text.size() > kMaxYamlBytes) {
    return fail(ErrorKind::usage, "{}: larger than 1 MiB", name);
  }
  YamlDocument document;
  document.name = name;
  TreeBuilder builder(document);
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    parser.HandleNextDocument(builder);
    YamlDocument rest;
    TreeBuilder second(rest);
    if (parser.HandleNextDocument(second)) {
      return fail(ErrorKind::usage, "{}: holds more than one document; keep the part before '---'", name);
    }
  } catch (const YAML::Exception& error) {
    return unreadable(text, name, error);
  }
  if (const auto mark = builder.last_quoted(); mark && !is_closed(text, static_cast<std::size_t>(mark->pos))) {
    return fail(ErrorKind::usage, "{}:{}: the quotation mark that opens here is never closed", name, mark->line + 1);
  }
  document.tree = std::make_shared<const Json>(builder.take());
  return document;
}

Result<YamlDocument> read_yaml(const std::filesystem::path& path) {
  MIA_TRY_ASSIGN(const std::string text, read_file(path, kMaxYamlBytes));
  return parse_yaml(text, path.string());
}

}  // namespace mia::config
