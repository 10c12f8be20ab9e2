// SPDX-License-Identifier: MIT
#include "config/edit.h"

#include <algorithm>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/files.h"
#include "base/text.h"
#include "config/yaml_tree.h"

namespace mia::config {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kMark = "# mia-perf: ";
constexpr std::size_t kIndent = 2;

std::size_t indent_of(std::string_view line) {
  return std::min(line.find_first_not_of(' '), line.size());
}

bool is_content(std::string_view line) {
  const std::string_view text = trim(line);
  return !text.empty() && !text.starts_with('#');
}

bool is_key(std::string_view line, std::size_t indent, std::string_view key) {
  if (!is_content(line) || indent_of(line) != indent) {
    return false;
  }
  std::string_view text = trim(line);
  for (const char quote : {'"', '\''}) {
    if (text.size() > key.size() + 2 && text.front() == quote && text.substr(1).starts_with(key) &&
        text[key.size() + 1] == quote) {
      text = text.substr(key.size() + 2);
      return trim(text).starts_with(':');
    }
  }
  return text.starts_with(key) && text.substr(key.size()).starts_with(':');
}

// Lines of a YAML file and the block that a path has led to so far.
class YamlEditor {
 public:
  explicit YamlEditor(std::string_view text) : lines_(split(text, '\n')) {
    if (!lines_.empty() && lines_.back().empty()) {
      lines_.pop_back();  // the end of the last line, not a line
    }
    end_ = lines_.size();
  }

  Status set(const std::vector<std::string>& path, const std::string& value, const std::string& comment) {
    std::size_t indent = 0;
    for (std::size_t i = 0; i + 1 < path.size(); ++i) {
      MIA_TRY_ASSIGN(indent, enter(path[i], indent));
    }
    const std::string margin(indent, ' ');
    std::vector<std::string> fresh;
    if (!comment.empty()) {
      fresh.push_back(margin + std::string(kMark) + comment);
    }
    fresh.push_back(fmt::format("{}{}: {}{}", margin, path.back(), value, tail_of(path.back(), indent)));
    if (at_ < end_) {
      if (at_ > begin_ && trim(lines_[at_ - 1]).starts_with(kMark)) {
        --at_;
        lines_.erase(lines_.begin() + static_cast<std::ptrdiff_t>(at_));
      }
      lines_.erase(lines_.begin() + static_cast<std::ptrdiff_t>(at_));
      lines_.insert(lines_.begin() + static_cast<std::ptrdiff_t>(at_), fresh.begin(), fresh.end());
    } else {
      lines_.insert(lines_.begin() + static_cast<std::ptrdiff_t>(last_content()), fresh.begin(), fresh.end());
    }
    return {};
  }

  [[nodiscard]] std::string text() const { return join(lines_, "\n") + "\n"; }

 private:
  // Narrows the block to the lines below `key`, adding it where it is missing; gives the indent of its members.
  Result<std::size_t> enter(const std::string& key, std::size_t indent) {
    find(key, indent);
    if (at_ == end_) {
      const std::size_t place = last_content();
      lines_.insert(lines_.begin() + static_cast<std::ptrdiff_t>(place), std::string(indent, ' ') + key + ":");
      begin_ = end_ = place + 1;
      return indent + kIndent;
    }
    const std::string_view line = trim(lines_[at_]);
    const std::string_view rest = trim(line.substr(line.find(':') + 1));
    if (!rest.empty() && !rest.starts_with('#')) {
      return fail(ErrorKind::usage, "line {}: '{}' is written in one line; put its members on lines of their own",
                  at_ + 1, key);
    }
    begin_ = at_ + 1;
    std::size_t below = indent + kIndent;
    bool first = true;
    std::size_t stop = begin_;
    for (; stop < end_; ++stop) {
      if (!is_content(lines_[stop])) {
        continue;
      }
      if (indent_of(lines_[stop]) <= indent) {
        break;
      }
      if (first) {
        below = indent_of(lines_[stop]);
        first = false;
      }
    }
    end_ = stop;
    return below;
  }

  void find(const std::string& key, std::size_t indent) {
    at_ = begin_;
    while (at_ < end_ && !is_key(lines_[at_], indent, key)) {
      ++at_;
    }
  }

  // Finds the key and keeps the comment that stands behind its value.
  std::string tail_of(const std::string& key, std::size_t indent) {
    find(key, indent);
    if (at_ == end_) {
      return {};
    }
    const std::size_t hash = lines_[at_].find(" #");
    return hash == std::string::npos ? std::string() : "  " + std::string(trim(lines_[at_].substr(hash)));
  }

  // Behind the last line of the block that says something.
  [[nodiscard]] std::size_t last_content() const {
    std::size_t place = end_;
    while (place > begin_ && !is_content(lines_[place - 1])) {
      --place;
    }
    return place;
  }

  std::vector<std::string> lines_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::size_t at_ = 0;
};

const Json* find_path(const Json& json, const std::vector<std::string>& path) {
  const Json* at = &json;
  for (const std::string& key : path) {
    const auto next = at->is_object() ? at->find(key) : at->end();
    if (!at->is_object() || next == at->end()) {
      return nullptr;
    }
    at = &*next;
  }
  return at;
}

fs::path free_backup_name(const fs::path& file) {
  std::error_code error;
  fs::path backup = file.string() + ".bak";
  for (int i = 1; fs::exists(backup, error); ++i) {
    backup = fmt::format("{}.bak.{}", file.string(), i);
  }
  return backup;
}

}  // namespace

Result<std::string> set_yaml_value(std::string_view text, std::string_view key, std::string_view value,
                                   std::string_view comment) {
  const std::vector<std::string> path = split(key, '.');
  YamlEditor editor(text);
  MIA_TRY(editor.set(path, std::string(value), printable(join(split(comment, '\n'), " "), 400)));
  std::string changed = editor.text();
  MIA_TRY_ASSIGN(const YamlDocument document, parse_yaml(changed, "the changed file"));
  const Json* const at = find_path(document.json(), path);
  const std::string got = at == nullptr ? "" : at->is_string() ? at->get<std::string>() : dump_json(*at);
  if (got != value) {
    return fail(ErrorKind::usage, "cannot set {} in this file by a small edit; set it by hand", key);
  }
  return changed;
}

Status apply_overrides(const fs::path& file, const std::map<std::string, std::string>& values,
                       std::string_view reason) {
  std::error_code error;
  const bool existed = fs::exists(file, error);
  std::string text;
  if (existed) {
    MIA_TRY_ASSIGN(text, read_file(file, std::size_t{1} << 20U));
  }
  std::string changed = text;
  const std::string comment = fmt::format("{}: {}", utc_now().substr(0, 10), reason);
  for (const auto& [key, value] : values) {
    MIA_TRY_ASSIGN(changed, context(set_yaml_value(changed, key, value, comment), file.string()));
  }
  if (existed) {
    MIA_TRY(write_file_atomic(free_backup_name(file), text));
  }
  return write_file_atomic(file, changed);
}

}  // namespace mia::config
