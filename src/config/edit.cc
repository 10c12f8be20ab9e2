// SPDX-License-Identifier: MIT
#include "config/edit.h"

#include <algorithm>
#include <optional>
#include <span>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/files.h"
#include "base/text.h"
#include "config/yaml_tree.h"
#include "record/fields.h"

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

// What stands behind "key:" in a line, from the blank on; nullopt when the line has another key.
std::optional<std::string_view> behind_key(std::string_view line, std::size_t indent, std::string_view key) {
  if (!is_content(line) || indent_of(line) != indent) {
    return std::nullopt;
  }
  std::string_view text = line.substr(indent);
  const bool quoted = text.front() == '"' || text.front() == '\'';
  const char quote = text.front();
  text.remove_prefix(quoted ? 1 : 0);
  if (!text.starts_with(key)) {
    return std::nullopt;
  }
  text.remove_prefix(key.size());
  if (quoted && !text.starts_with(quote)) {
    return std::nullopt;
  }
  text.remove_prefix(quoted ? 1 : 0);
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  if (!text.starts_with(':') || (text.size() > 1 && text[1] != ' ' && text[1] != '\r')) {
    return std::nullopt;
  }
  return text.substr(1);
}

// The comment behind a value with the blanks before it, "" for none. A '#' inside quotes or inside a word is none.
std::string_view comment_behind(std::string_view value) {
  char quote = 0;
  for (std::size_t i = 0; i < value.size(); ++i) {
    const char c = value[i];
    if (quote != 0) {
      i += quote == '"' && c == '\\' ? 1 : 0;
      quote = c == quote ? char{0} : quote;
    } else if ((c == '"' || c == '\'') && trim(value.substr(0, i)).empty()) {
      quote = c;
    } else if (c == '#' && i > 0 && value[i - 1] == ' ') {
      const std::size_t last = value.find_last_not_of(" \t", i - 1);
      const std::size_t begin = last == std::string_view::npos ? 0 : last + 1;
      return value.substr(begin, value.find_last_not_of(" \t\r") + 1 - begin);
    }
  }
  return {};
}

// Words that mean the same with and without quotes; everything else is quoted as in JSON, which YAML reads.
std::string scalar_text(const std::string& value) {
  const bool plain = !value.empty() && lower(value) != "null" && value.front() != '-' &&
                     value.find_first_not_of(
                         "abcdefghijklmnopqrstuvwxyz"
                         "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                         "0123456789_./+-") == std::string::npos;
  return plain || parse_double(value) ? value : dump_json(Json(value));
}

// Lines of a YAML file and the block that a path has led to so far.
class YamlEditor {
 public:
  explicit YamlEditor(std::string_view text) : lines_(split(text, '\n')) {
    ends_with_newline_ = lines_.back().empty();
    if (ends_with_newline_) {
      lines_.pop_back();  // the end of the last line, not a line
    }
    carriage_return_ = !lines_.empty() && lines_.front().ends_with('\r');
    end_ = lines_.size();
  }

  Status set(const std::vector<std::string>& path, const std::string& value, const std::string& comment) {
    std::size_t indent = 0;
    std::size_t next = 0;
    // Some people write "llm.primary.n_threads: 8" in one word, at any level.
    while (next + 1 < path.size() && !find(rest_of(path, next), indent)) {
      MIA_TRY_ASSIGN(indent, enter(path[next], indent));
      ++next;
    }
    put(rest_of(path, next), indent, value, comment);
    return {};
  }

  [[nodiscard]] std::string text() const { return join(lines_, "\n") + (ends_with_newline_ ? "\n" : ""); }

 private:
  static std::string rest_of(const std::vector<std::string>& path, std::size_t from) {
    return join(std::span(path).subspan(from), ".");
  }

  void insert(std::size_t place, std::string line) {
    ends_with_newline_ = ends_with_newline_ || place == lines_.size();
    lines_.insert(lines_.begin() + static_cast<std::ptrdiff_t>(place),
                  std::move(line) + (carriage_return_ ? "\r" : ""));
  }

  void put(const std::string& key, std::size_t indent, const std::string& value, const std::string& comment) {
    const std::string margin(indent, ' ');
    std::string line = fmt::format("{}{}: {}", margin, key, value);
    std::size_t place = 0;
    if (find(key, indent)) {
      place = at_;
      if (const auto kept = comment_behind(*behind_key(lines_[place], indent, key)); !kept.empty()) {
        line += kept;
      }
      const bool last = place + 1 == lines_.size();
      lines_.erase(lines_.begin() + static_cast<std::ptrdiff_t>(place));
      if (place > begin_ && trim(lines_[place - 1]).starts_with(kMark)) {
        --place;
        lines_.erase(lines_.begin() + static_cast<std::ptrdiff_t>(place));
      }
      const bool newline = ends_with_newline_;
      insert(place, std::move(line));
      ends_with_newline_ = newline || !last;
    } else {
      place = last_content();
      insert(place, std::move(line));
    }
    if (!comment.empty()) {
      insert(place, margin + std::string(kMark) + comment);
    }
  }

  // Narrows the block to the lines below `key`, adding it where it is missing; gives the indent of its members.
  Result<std::size_t> enter(const std::string& key, std::size_t indent) {
    if (!find(key, indent)) {
      const std::size_t place = last_content();
      insert(place, std::string(indent, ' ') + key + ":");
      begin_ = end_ = place + 1;
      return indent + kIndent;
    }
    const std::string_view rest = trim(*behind_key(lines_[at_], indent, key));
    if (!rest.empty() && !rest.starts_with('#')) {
      return fail(ErrorKind::usage, "line {}: '{}' is written in one line; put its members on lines of their own",
                  at_ + 1, key);
    }
    begin_ = at_ + 1;
    std::size_t below = 0;
    std::size_t stop = begin_;
    for (; stop < end_; ++stop) {
      if (!is_content(lines_[stop])) {
        continue;
      }
      if (indent_of(lines_[stop]) <= indent) {
        break;
      }
      below = below == 0 ? indent_of(lines_[stop]) : below;
    }
    end_ = stop;
    return below == 0 ? indent + kIndent : below;
  }

  // Points at_ to the key's line in the block; false when it has none.
  bool find(const std::string& key, std::size_t indent) {
    at_ = begin_;
    while (at_ < end_ && !behind_key(lines_[at_], indent, key)) {
      ++at_;
    }
    return at_ < end_;
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
  bool ends_with_newline_ = true;
  bool carriage_return_ = false;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::size_t at_ = 0;
};

fs::path free_backup_name(const fs::path& file) {
  std::error_code error;
  const std::string first = file.string() + ".bak";
  if (!fs::exists(first, error)) {
    return first;
  }
  std::string stamp;
  for (const char c : utc_now()) {
    stamp += c == '-' || c == ':' ? "" : std::string(1, c);
  }
  fs::path backup = fmt::format("{}.{}", first, stamp);
  for (int i = 2; fs::exists(backup, error); ++i) {  // twice within a second
    backup = fmt::format("{}.{}-{}", first, stamp, i);
  }
  return backup;
}

Status check_values(const std::map<std::string, std::string>& values) {
  for (const auto& [key, text] : values) {
    MIA_TRY_ASSIGN(const record::Field* const field, record::require_field(key));
    MIA_TRY(record::parse_value(*field, text));
  }
  return {};
}

}  // namespace

Result<std::string> set_yaml_value(std::string_view text, std::string_view key, std::string_view value,
                                   std::string_view comment) {
  MIA_TRY_ASSIGN(const YamlDocument before, parse_yaml(text, "the file"));
  YamlEditor editor(text);
  MIA_TRY(editor.set(split(key, '.'), scalar_text(std::string(value)), one_line(join(split(comment, '\n'), " "), 400)));
  std::string changed = editor.text();
  const auto after = parse_yaml(changed, "the changed file");
  const Failure too_hard =
      fail(ErrorKind::usage, "cannot set {} in this file by a small edit; set it by hand", one_line(key, 120));
  if (!after) {
    return too_hard;
  }
  auto expected = before.texts;
  expected[std::string(key)] = value;
  return after->texts == expected ? Result<std::string>(std::move(changed)) : too_hard;
}

Status apply_overrides(const fs::path& file, const std::map<std::string, std::string>& values,
                       std::string_view reason) {
  MIA_TRY(check_values(values));
  std::error_code error;
  const bool existed = fs::exists(file, error);
  std::string text;
  if (existed) {
    MIA_TRY_ASSIGN(text, read_file(file, kMaxYamlBytes));
  }
  std::string changed = text;
  const std::string comment = fmt::format("{}: {}", utc_now().substr(0, 10), reason);
  for (const auto& [key, value] : values) {
    const record::Field* const field = record::find_field(key);
    MIA_TRY_ASSIGN(changed, context(set_yaml_value(changed, field->key, value, comment), file.string()));
  }
  if (existed) {
    MIA_TRY(write_file_atomic(free_backup_name(file), text));
  }
  return write_file_atomic(file, changed);
}

}  // namespace mia::config
