// SPDX-License-Identifier: MIT
#include "imports/raw_rows.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "base/text.h"
#include "imports/text_tables.h"
#include "store/foreign.h"

namespace mia::imports {
namespace {

constexpr std::string_view kBlanks = " \t\n";
constexpr std::size_t kManyColumns = 8;  // a line with half as many separators is meant to be a row

// Length of the object at the beginning of `text`; npos when it is never closed.
std::size_t object_length(std::string_view text) {
  int depth = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      i += c == '\\' ? 1 : 0;
      quoted = c != '"';
    } else if (c == '"') {
      quoted = true;
    } else if (c == '{' || c == '[') {
      ++depth;
    } else if ((c == '}' || c == ']') && --depth == 0) {
      return i + 1;
    }
  }
  return std::string_view::npos;
}

// printf writes nan, -inf and 1.#QNAN where JSON has no word for them: they become texts.
std::string with_words_quoted(std::string_view object) {
  constexpr std::string_view kMarks = "{}[],:\" \t\n";
  std::string out;
  for (std::size_t i = 0; i < object.size();) {
    if (object[i] == '"') {
      std::size_t end = i + 1;
      while (end < object.size() && object[end] != '"') {
        end += object[end] == '\\' ? 2 : 1;
      }
      end = std::min(end + 1, object.size());
      out += object.substr(i, end - i);
      i = end;
    } else if (kMarks.find(object[i]) != std::string_view::npos) {
      out += object[i++];
    } else {
      const std::string_view word = object.substr(i, object.find_first_of(kMarks, i) - i);
      out += Json::accept(word) ? std::string(word) : dump_json(Json(std::string(word)));
      i += word.size();
    }
  }
  return out;
}

bool has_speed(const Json& object) {
  return std::ranges::any_of(object.items(), [](const auto& member) { return is_speed(member.key()); });
}

bool is_sql(std::string_view line) {
  constexpr auto kWords = std::to_array<std::string_view>(
      {"create table", "create index", "create unique index", "insert into", "insert or", "begin transaction", "begin;",
       "commit;", "pragma ", "drop table", "delete from", "attach "});
  const std::string head = lower(line.substr(0, 20));
  return std::ranges::any_of(kWords, [&](std::string_view word) { return head.starts_with(word); });
}

class Reader {
 public:
  explicit Reader(std::string_view text) : cursor_(text) {}

  Result<RawRows> read() {
    while (!cursor_.at_end()) {
      MIA_TRY(next());
      if (found_.rows.size() > kMaxRows) {
        return fail(ErrorKind::usage, "more than {} rows", kMaxRows);
      }
    }
    if (!lists_.empty()) {
      return fail(ErrorKind::usage, "line {}: the list that begins here is never closed; the file is not whole",
                  lists_.back());
    }
    if (!sql_.empty()) {
      MIA_TRY_ASSIGN(std::vector<Json> rows, store::rows_of_sql(sql_, "avg_ts"));
      for (Json& row : rows) {
        add("sql", std::move(row), 0);
      }
    }
    finish();
    return std::move(found_);
  }

 private:
  // Takes what stands at the cursor, at least one character.
  Status next() {
    const std::string_view rest = cursor_.rest();
    const char c = rest.front();
    const std::size_t after = std::min(rest.find_first_not_of(kBlanks, 1), rest.size());
    const char following = after < rest.size() ? rest[after] : '\0';
    const bool empty_field = c == separator_ && !header_.empty();
    if ((kBlanks.find(c) != std::string_view::npos && !empty_field) || (c == ',' && !lists_.empty())) {
      cursor_.skip(1);
    } else if (c == '[' && (following == '{' || following == '[' || following == ']' || rest.starts_with("[\n"))) {
      lists_.push_back(cursor_.line());
      cursor_.skip(1);
    } else if (c == ']' && !lists_.empty()) {
      lists_.pop_back();
      cursor_.skip(1);
    } else if (c == '{' && (following == '"' || following == '}')) {
      return object();
    } else if (is_sql(rest)) {
      return statement();
    } else if (is_markdown_rule(cursor_.next_line()) && markdown_cells(cursor_.this_line()).size() > 1) {
      return markdown();
    } else if (const auto separator = separator_of_header()) {
      return header(*separator);
    } else if (is_record()) {
      return record();
    } else {
      pass_over();
    }
    return {};
  }

  void add(std::string_view format, Json fields, std::size_t line) {
    if (found_.rows.empty()) {
      found_.format = format;
    }
    found_.rows.push_back({std::move(fields), line});
  }

  Status object() {
    const std::size_t line = cursor_.line();
    const std::size_t length = object_length(cursor_.rest());
    if (length == std::string_view::npos) {
      return fail(ErrorKind::usage, "line {}: the object that begins here is never closed; the file is not whole",
                  line);
    }
    const std::string text = with_words_quoted(cursor_.rest().substr(0, length));
    cursor_.skip(length);
    const auto json = parse_json(text);
    if (!json) {
      return fail(ErrorKind::usage, "object of line {}: {}", line, json.error().message);
    }
    const bool alone = has_speed(*json) && lists_.empty() && text.find('\n') == std::string::npos;
    const std::size_t before = found_.rows.size();
    collect(*json, alone ? "jsonl" : "json", line);
    if (found_.rows.size() == before) {
      const bool is_row = json->contains("n_prompt") || json->contains("n_gen");
      note_passed(line, is_row ? "a row without avg_ts, which is not what llama-bench writes" : text);
    }
    const auto wide = std::ranges::find_if(found_.rows.begin() + static_cast<std::ptrdiff_t>(before), found_.rows.end(),
                                           [](const RawRow& row) { return row.fields.size() > kMaxColumns; });
    return wide == found_.rows.end() ? Status()
                                     : fail(ErrorKind::usage, "line {}: more than {} columns", line, kMaxColumns);
  }

  // Rows of an object or list, at any depth. What stands beside them in a wrapper object (a machine, a date, settings)
  // holds for all of them; where several of its members have rows, the member's name tells them apart.
  void collect(const Json& json, std::string_view format, std::size_t line) {
    if (json.is_array()) {
      for (const Json& item : json) {
        collect(item, format, line);
      }
      return;
    }
    if (!json.is_object() || has_speed(json)) {
      if (json.is_object()) {
        add(format, json, line);
      }
      return;
    }
    const std::size_t first = found_.rows.size();
    Json beside = Json::object();
    std::vector<std::pair<std::string, std::size_t>> groups;  // name and end
    for (const auto& [name, member] : json.items()) {
      const std::size_t before = found_.rows.size();
      collect(member, format, line);
      if (found_.rows.size() > before) {
        groups.emplace_back(name, found_.rows.size());
      } else {
        beside[name] = member;
      }
    }
    std::size_t at = first;
    for (const auto& [name, end] : groups) {
      for (; at < end; ++at) {
        Json& fields = found_.rows[at].fields;
        Json inherited = beside;
        inherited.update(fields);
        if (groups.size() > 1) {
          inherited.emplace("group", name);
        }
        fields = std::move(inherited);
      }
    }
  }

  Status statement() {
    const std::size_t end = store::end_of_statement(cursor_.rest(), 0);
    if (end == std::string_view::npos) {
      return fail(ErrorKind::usage,
                  "line {}: the statement that begins here is never ended by ';'; the file is not whole",
                  cursor_.line());
    }
    sql_.append(cursor_.line() - sql_line_, '\n');  // so that an error names the line
    sql_ += cursor_.rest().substr(0, end);
    cursor_.skip(end);
    sql_line_ = cursor_.line();
    return {};
  }

  Status markdown() {
    const std::vector<std::string> headings = markdown_cells(cursor_.this_line());
    cursor_.skip_line();
    cursor_.skip_line();
    const std::size_t first = found_.rows.size();
    for (; !cursor_.at_end(); cursor_.skip_line()) {
      const std::vector<std::string> cells = markdown_cells(cursor_.this_line());
      if (cells.empty()) {
        break;
      }
      Json common = Json::object();
      std::vector<Json> speeds;
      for (std::size_t i = 0; i < std::min({cells.size(), headings.size(), kMaxColumns}); ++i) {
        Json columns = columns_of_cell(headings[i], cells[i]);
        if (columns.contains("avg_ts")) {
          speeds.push_back(std::move(columns));
        } else {
          common.update(columns);
        }
      }
      if (speeds.empty() && has_speed(common)) {
        speeds.push_back(Json::object());
      }
      for (Json& fields : speeds) {
        Json row = context_;
        row.update(common);
        row.update(fields);
        add("md", std::move(row), cursor_.line());
      }
    }
    if (found_.rows.size() > first) {
      tables_.emplace_back(first, found_.rows.size());
    }
    return {};
  }

  [[nodiscard]] std::optional<char> separator_of_header() const {
    const std::string line = lower(cursor_.this_line());
    if (line.find("avg_ts") == std::string::npos && line.find("speed_") == std::string::npos &&
        line.find("t/s") == std::string::npos) {
      return std::nullopt;
    }
    for (const char separator : {',', '\t', ';'}) {
      Cursor probe(line);
      const auto fields = probe.record(separator);
      if (fields && fields->size() > 1 && std::ranges::any_of(*fields, [](const std::string& field) {
            return is_speed(trim(field)) || trim(field) == "t/s";
          })) {
        return separator;
      }
    }
    return std::nullopt;
  }

  Status header(char separator) {
    const std::size_t line = cursor_.line();
    MIA_TRY_ASSIGN(header_, cursor_.record(separator));
    separator_ = separator;
    for (std::string& name : header_) {
      name = lower(trim(name));
    }
    return header_.size() <= kMaxColumns ? Status()
                                         : fail(ErrorKind::usage, "line {}: more than {} columns", line, kMaxColumns);
  }

  [[nodiscard]] bool is_record() const {
    const std::string_view line = cursor_.this_line();
    const auto separators = static_cast<std::size_t>(std::ranges::count(line, separator_));
    const bool is_near = header_.size() >= kManyColumns && 2 * separators + 1 >= header_.size();
    return !header_.empty() && (line.starts_with('"') || separators + 1 == header_.size() || is_near);
  }

  Status record() {
    const std::size_t line = cursor_.line();
    MIA_TRY_ASSIGN(std::vector<std::string> fields, cursor_.record(separator_));
    if (fields.size() != header_.size()) {
      return fail(ErrorKind::usage, "line {}: {} fields, the header has {}{}", line, fields.size(), header_.size(),
                  cursor_.at_end() ? "; the file is not whole" : "");
    }
    const bool is_for_people = std::ranges::find(header_, "t/s") != header_.end();
    Json row = Json::object();
    for (std::size_t i = 0; i < fields.size(); ++i) {
      if (separator_ == ';' && fields[i].find_first_not_of("-0123456789,") == std::string::npos) {
        std::ranges::replace(fields[i], ',', '.');  // as spreadsheets write it where the comma is decimal
      }
      if (is_for_people) {
        row.update(columns_of_cell(header_[i], fields[i]));
      } else {
        row[header_[i]] = std::move(fields[i]);
      }
    }
    add("csv", std::move(row), line);
    return {};
  }

  // A line that is no row; what llama-bench and batched-bench say there of the table beside it is kept.
  void pass_over() {
    std::string_view line = trim(cursor_.this_line());
    while (line.starts_with('>')) {  // a quotation
      line = trim(line.substr(1));
    }
    if (line.starts_with("build: ") && !tables_.empty()) {
      const std::vector<std::string> words = split(line, ' ');
      for (std::size_t i = tables_.back().first; i < tables_.back().second; ++i) {
        found_.rows[i].fields.emplace("build_commit", words[1]);
        if (words.size() > 2 && words[2].starts_with('(')) {
          found_.rows[i].fields.emplace("build_number", words[2].substr(1, words[2].find(')') - 1));
        }
      }
    } else if (line.starts_with("main: ") && line.find(" = ") != std::string_view::npos) {
      context_ = Json::object();
      for (const std::string& part : split(line.substr(6), ',')) {
        if (const std::size_t at = part.find(" = "); at != std::string::npos) {
          context_[std::string(trim(part.substr(0, at)))] = std::string(trim(part.substr(at + 3)));
        }
      }
    } else if (!line.empty() && !line.starts_with("--") && !line.starts_with("```")) {
      note_passed(cursor_.line(), line);
    }
    cursor_.skip_line();
  }

  void note_passed(std::size_t line, std::string_view text) {
    if (++passed_ == 1) {
      first_passed_ = fmt::format("line {}: {}", line, one_line(text, 100));
    }
  }

  void finish() {
    if (tables_.size() > 1) {  // who pastes several tables means several things
      for (std::size_t t = 0; t < tables_.size(); ++t) {
        for (std::size_t i = tables_[t].first; i < tables_[t].second; ++i) {
          found_.rows[i].fields.emplace("table", std::to_string(t + 1));
        }
      }
    }
    if (passed_ > 0) {
      found_.notes.push_back(passed_ == 1 ? fmt::format("passed over: {}", first_passed_)
                                          : fmt::format("{} places that are no rows were passed over, the first is {}",
                                                        passed_, first_passed_));
    }
    if (!tables_.empty()) {
      found_.notes.emplace_back("from a table for people, whose figures are rounded; llama-bench -o jsonl keeps all");
    }
  }

  Cursor cursor_;
  RawRows found_;
  std::vector<std::size_t> lists_;  // lines where open ones begin
  std::string sql_;
  std::size_t sql_line_ = 1;
  Json context_ = Json::object();    // what batched-bench and sweep-bench say before their table
  std::vector<std::string> header_;  // of the CSV table that goes on until another header
  char separator_ = ',';
  std::vector<std::pair<std::size_t, std::size_t>> tables_;  // first row and end of each Markdown table
  std::size_t passed_ = 0;
  std::string first_passed_;
};

}  // namespace

bool is_speed(std::string_view column) {
  return column == "avg_ts" || column == "speed_pp" || column == "speed_tg";
}

Result<RawRows> read_rows(std::string_view text) {
  return Reader(text).read();
}

}  // namespace mia::imports
