// SPDX-License-Identifier: MIT
#include "imports/text_tables.h"

#include <algorithm>
#include <optional>

#include "base/text.h"

namespace mia::imports {
namespace {

Failure too_many_rows() {
  return fail(ErrorKind::usage, "more than {} rows", kMaxRows);
}

// Cuts a CSV text into rows of fields.
class CsvReader {
 public:
  explicit CsvReader(std::string_view text) : text_(text) {}

  // nullopt at the end.
  Result<std::optional<std::vector<std::string>>> row() {
    if (at_ >= text_.size()) {
      return std::optional<std::vector<std::string>>();
    }
    row_line_ = line_;
    std::vector<std::string> fields;
    do {
      MIA_TRY_ASSIGN(fields.emplace_back(), field());
    } while (take(','));
    take('\r');
    if (at_ < text_.size() && !take('\n')) {
      return fail(ErrorKind::usage, "line {}: text after a closing quote", line_);
    }
    ++line_;
    return std::optional(std::move(fields));
  }
  [[nodiscard]] std::size_t line() const { return row_line_; }

 private:
  bool take(char c) {
    const bool there = at_ < text_.size() && text_[at_] == c;
    at_ += there ? 1 : 0;
    return there;
  }

  Result<std::string> field() {
    if (!take('"')) {
      const std::size_t end = std::min(text_.find_first_of(",\r\n", at_), text_.size());
      std::string plain(text_.substr(at_, end - at_));
      at_ = end;
      return plain;
    }
    std::string value;
    while (at_ < text_.size()) {
      const char c = text_[at_++];
      if (c == '"' && !take('"')) {
        return value;
      }
      line_ += c == '\n' ? 1 : 0;
      value += c;
    }
    return fail(ErrorKind::usage, "line {}: a quote is never closed; the file is not whole", row_line_);
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t line_ = 1;
  std::size_t row_line_ = 1;
};

struct Token {
  enum class Kind { word, text, mark, end };
  Kind kind = Kind::end;
  std::string value;
};

// Words, 'strings' and marks of SQL; comments are passed over.
class SqlReader {
 public:
  explicit SqlReader(std::string_view text) : text_(text) {}

  [[nodiscard]] std::size_t line() const { return line_; }

  Result<Token> next() {
    skip_blanks();
    if (at_ >= text_.size()) {
      return Token{};
    }
    const char c = text_[at_];
    if (c == '\'' || c == '"' || c == '`') {
      return quoted(c);
    }
    if (!is_word(c)) {
      ++at_;
      return Token{Token::Kind::mark, std::string(1, c)};
    }
    const std::size_t from = at_;
    while (at_ < text_.size() && is_word(text_[at_])) {
      ++at_;
    }
    return Token{Token::Kind::word, std::string(text_.substr(from, at_ - from))};
  }

 private:
  static bool is_word(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '.' ||
           c == '-' || c == '+' || static_cast<unsigned char>(c) >= 0x80;
  }

  void skip_blanks() {
    while (at_ < text_.size()) {
      if (text_.substr(at_).starts_with("--")) {
        at_ = std::min(text_.find('\n', at_), text_.size());
      } else if (std::string_view(" \t\r\n").find(text_[at_]) != std::string_view::npos) {
        line_ += text_[at_] == '\n' ? 1 : 0;
        ++at_;
      } else {
        return;
      }
    }
  }

  Result<Token> quoted(char quote) {
    const std::size_t from_line = line_;
    std::string value;
    for (++at_; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (c == quote) {
        if (at_ + 1 >= text_.size() || text_[at_ + 1] != quote) {
          ++at_;
          return Token{quote == '\'' ? Token::Kind::text : Token::Kind::word, std::move(value)};
        }
        ++at_;
      }
      line_ += c == '\n' ? 1 : 0;
      value += c;
    }
    return fail(ErrorKind::usage, "line {}: a string is never closed; the file is not whole", from_line);
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t line_ = 1;
};

class InsertParser {
 public:
  explicit InsertParser(std::string_view text) : reader_(text) {}

  Result<std::vector<TextRow>> parse() {
    MIA_TRY(advance());
    while (token_.kind != Token::Kind::end) {
      if (is_word("insert")) {
        MIA_TRY(insert());
      } else {
        MIA_TRY(skip_statement());
      }
    }
    return std::move(rows_);
  }

 private:
  Status advance() {
    MIA_TRY_ASSIGN(token_, reader_.next());
    return {};
  }
  [[nodiscard]] bool is_mark(char c) const { return token_.kind == Token::Kind::mark && token_.value[0] == c; }
  [[nodiscard]] bool is_word(std::string_view word) const {
    return token_.kind == Token::Kind::word && lower(token_.value) == word;
  }
  [[nodiscard]] Failure wrong(std::string_view wanted) const {
    if (token_.kind == Token::Kind::end) {
      return fail(ErrorKind::usage, "line {}: the file ends inside a statement; it is not whole", reader_.line());
    }
    return fail(ErrorKind::usage, "line {}: {} expected, not '{}'", reader_.line(), wanted, one_line(token_.value, 40));
  }
  Status take(char c) { return is_mark(c) ? advance() : Status(wrong(fmt::format("'{}'", c))); }

  Status skip_statement() {
    while (!is_mark(';')) {
      if (token_.kind == Token::Kind::end) {
        return wrong("';'");
      }
      MIA_TRY(advance());
    }
    return advance();
  }

  Result<std::vector<Token>> list() {
    std::vector<Token> items;
    MIA_TRY(take('('));
    while (true) {
      if (token_.kind != Token::Kind::word && token_.kind != Token::Kind::text) {
        return wrong("a value");
      }
      items.push_back(token_);
      MIA_TRY(advance());
      if (!is_mark(',')) {
        break;
      }
      MIA_TRY(advance());
    }
    MIA_TRY(take(')'));
    return items;
  }

  Status insert() {
    while (!is_mark('(')) {
      if (token_.kind == Token::Kind::end || is_mark(';')) {
        return wrong("a list of columns");
      }
      MIA_TRY(advance());
    }
    MIA_TRY_ASSIGN(const std::vector<Token> columns, list());
    if (!is_word("values")) {
      return wrong("VALUES");
    }
    do {
      MIA_TRY(advance());
      MIA_TRY_ASSIGN(const std::vector<Token> values, list());
      MIA_TRY(add_row(columns, values));
    } while (is_mark(','));
    return take(';');
  }

  Status add_row(const std::vector<Token>& columns, const std::vector<Token>& values) {
    if (columns.size() != values.size()) {
      return fail(ErrorKind::usage, "line {}: {} values for {} columns", reader_.line(), values.size(), columns.size());
    }
    if (rows_.size() >= kMaxRows) {
      return too_many_rows();
    }
    TextRow row;
    for (std::size_t i = 0; i < columns.size(); ++i) {
      if (values[i].kind == Token::Kind::text || lower(values[i].value) != "null") {
        row.emplace_back(columns[i].value, values[i].value);
      }
    }
    rows_.push_back(std::move(row));
    return {};
  }

  SqlReader reader_;
  Token token_;
  std::vector<TextRow> rows_;
};

}  // namespace

Result<std::vector<TextRow>> parse_csv(std::string_view text) {
  CsvReader reader(text);
  MIA_TRY_ASSIGN(const auto header, reader.row());
  if (!header) {
    return fail(ErrorKind::usage, "the file is empty");
  }
  std::vector<TextRow> rows;
  while (true) {
    MIA_TRY_ASSIGN(auto fields, reader.row());
    if (!fields) {
      return rows;
    }
    if (fields->size() == 1 && fields->front().empty()) {
      continue;  // an empty line
    }
    if (fields->size() != header->size()) {
      return fail(ErrorKind::usage, "line {}: {} fields, the header has {}", reader.line(), fields->size(),
                  header->size());
    }
    if (rows.size() >= kMaxRows) {
      return too_many_rows();
    }
    TextRow row;
    for (std::size_t i = 0; i < fields->size(); ++i) {
      row.emplace_back((*header)[i], std::move((*fields)[i]));
    }
    rows.push_back(std::move(row));
  }
}

Result<std::vector<TextRow>> parse_inserts(std::string_view text) {
  return InsertParser(text).parse();
}

}  // namespace mia::imports
