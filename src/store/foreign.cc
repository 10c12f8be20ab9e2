// SPDX-License-Identifier: MIT
#include "store/foreign.h"

#include <sqlite3.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>

#include <nlohmann/json.hpp>

#include "base/text.h"

namespace mia::store {
namespace {

constexpr int kMostBytesOfAValue = 4 << 20;
constexpr std::size_t kMostBytes = std::size_t{256} << 20U;
constexpr int kMostColumns = 512;
constexpr int kStepsBetweenLooks = 100'000;  // of SQLite's machine
constexpr int kMostLooks = 10'000;           // a thousand million steps: seconds

struct Close {
  void operator()(sqlite3* database) const { sqlite3_close_v2(database); }
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Statement = std::unique_ptr<sqlite3_stmt, Close>;

// What a dump and its reading need, and nothing that reaches a file or makes much from little.
int allow(void* /*context*/, int action, const char* /*first*/, const char* second, const char* /*database*/,
          const char* /*trigger*/) {
  switch (action) {
    case SQLITE_CREATE_TABLE:
    case SQLITE_INSERT:
    case SQLITE_UPDATE:  // of the schema, by create table
    case SQLITE_READ:
    case SQLITE_SELECT:
      return SQLITE_OK;
    case SQLITE_FUNCTION: {  // as dumps write line ends in a text
      const std::string_view name = second == nullptr ? "" : second;
      return name == "replace" || name == "char" || name == "unistr" || name == "like" ? SQLITE_OK : SQLITE_DENY;
    }
    default:
      return SQLITE_DENY;
  }
}

class Database {
 public:
  Database() {
    sqlite3* opened = nullptr;
    sqlite3_open_v2(":memory:", &opened, SQLITE_OPEN_READWRITE | SQLITE_OPEN_MEMORY, nullptr);
    handle_.reset(opened);
    sqlite3_db_config(opened, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    sqlite3_db_config(opened, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
    sqlite3_exec(opened, "pragma max_page_count = 65536; pragma cell_size_check = on", nullptr, nullptr, nullptr);
    sqlite3_limit(opened, SQLITE_LIMIT_LENGTH, kMostBytesOfAValue);
    sqlite3_limit(opened, SQLITE_LIMIT_COLUMN, kMostColumns);
    sqlite3_limit(opened, SQLITE_LIMIT_ATTACHED, 0);
    sqlite3_limit(opened, SQLITE_LIMIT_EXPR_DEPTH, 50);
    sqlite3_progress_handler(
        opened, kStepsBetweenLooks, [](void* looks) { return ++*static_cast<int*>(looks) > kMostLooks ? 1 : 0; },
        &looks_);
  }
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;
  ~Database() = default;

  // `bytes` must outlive the database.
  Status load(std::string& bytes) {
    const auto size = static_cast<sqlite3_int64>(bytes.size());
    if (sqlite3_deserialize(handle_.get(), "main", reinterpret_cast<unsigned char*>(bytes.data()),  // NOLINT: C API
                            size, size, SQLITE_DESERIALIZE_READONLY) != SQLITE_OK) {
      return failure();
    }
    return {};
  }

  // One statement, which has no result.
  Status execute(std::string_view text) {
    guard();
    MIA_TRY_ASSIGN(const Statement statement, prepare(text));
    const int code = sqlite3_step(statement.get());
    return code == SQLITE_DONE || code == SQLITE_ROW ? Status() : Status(failure());
  }

  Result<std::vector<Json>> rows(std::string_view column) {
    guard();
    const std::string wanted = lower(column);
    MIA_TRY_ASSIGN(const std::vector<Json> tables,
                   select("select name from sqlite_master where type = 'table' and sql not like 'create virtual%'"));
    std::vector<Json> found;
    std::vector<std::string> names;
    for (const Json& table : tables) {
      names.push_back(get_string(table, "name").value_or(""));
      std::string quoted;
      for (const char c : names.back()) {
        quoted.append(c == '"' ? 2 : 1, c);
      }
      MIA_TRY_ASSIGN(std::vector<Json> part, select("select * from \"" + quoted + "\"", wanted));
      std::ranges::move(part, std::back_inserter(found));
      names.back() = one_line(names.back(), 60);
    }
    if (found.empty()) {
      names.resize(std::min<std::size_t>(names.size(), 10));
      return fail(ErrorKind::usage, "no table has rows with {}; tables: {}", column,
                  names.empty() ? "none" : join(names, ", "));
    }
    return found;
  }

 private:
  void guard() { sqlite3_set_authorizer(handle_.get(), allow, nullptr); }

  [[nodiscard]] Failure failure() const {
    return fail(ErrorKind::usage, "{}", one_line(sqlite3_errmsg(handle_.get()), 200));
  }

  Result<Statement> prepare(std::string_view text) {
    sqlite3_stmt* prepared = nullptr;
    if (sqlite3_prepare_v2(handle_.get(), text.data(), static_cast<int>(text.size()), &prepared, nullptr) !=
        SQLITE_OK) {
      return failure();
    }
    return Statement(prepared);
  }

  // Nothing where no column is named `wanted`.
  Result<std::vector<Json>> select(const std::string& query, const std::string& wanted = "name") {
    MIA_TRY_ASSIGN(const Statement statement, prepare(query));
    std::vector<std::string> names;
    for (int i = 0; i < sqlite3_column_count(statement.get()); ++i) {
      names.emplace_back(sqlite3_column_name(statement.get(), i));
    }
    std::vector<Json> rows;
    if (std::ranges::none_of(names, [&](const std::string& name) { return lower(name) == wanted; })) {
      return rows;
    }
    int code = sqlite3_step(statement.get());
    for (; code == SQLITE_ROW; code = sqlite3_step(statement.get())) {
      Json& row = rows.emplace_back(Json::object());
      for (std::size_t i = 0; i < names.size(); ++i) {
        MIA_TRY(take(*statement, static_cast<int>(i), row, names[i]));
      }
      if (rows.size() > kMostForeignRows) {
        return fail(ErrorKind::usage, "more than {} rows", kMostForeignRows);
      }
    }
    return code == SQLITE_DONE ? Result<std::vector<Json>>(std::move(rows)) : failure();
  }

  Status take(sqlite3_stmt& statement, int i, Json& row, const std::string& name) {
    switch (sqlite3_column_type(&statement, i)) {
      case SQLITE_NULL:
        return {};
      case SQLITE_INTEGER:
        row[name] = sqlite3_column_int64(&statement, i);
        return {};
      case SQLITE_FLOAT:
        if (const double value = sqlite3_column_double(&statement, i); std::isfinite(value)) {
          row[name] = value;
        } else {
          row[name] = value > 0 ? "inf" : "-inf";
        }
        return {};
      default:
        break;
    }
    const auto* const text = reinterpret_cast<const char*>(sqlite3_column_text(&statement, i));  // NOLINT: C API
    const auto size = static_cast<std::size_t>(sqlite3_column_bytes(&statement, i));
    bytes_ += size;
    if (text == nullptr || bytes_ > kMostBytes) {
      return fail(ErrorKind::usage, "more than {} of texts", human_bytes(kMostBytes));
    }
    row[name] = std::string(text, size);
    return {};
  }

  int looks_ = 0;
  std::size_t bytes_ = 0;
  std::unique_ptr<sqlite3, Close> handle_;
};

// Behind blanks and comments.
std::size_t begin_of_statement(std::string_view text, std::size_t from) {
  while (from < text.size()) {
    const std::size_t at = std::min(text.find_first_not_of(" \t\r\n;", from), text.size());
    if (!text.substr(at).starts_with("--")) {
      return at;
    }
    from = std::min(text.find('\n', at), text.size());
  }
  return from;
}

}  // namespace

std::size_t end_of_statement(std::string_view text, std::size_t from) {
  char quote = 0;
  for (std::size_t at = from; at < text.size(); ++at) {
    const char c = text[at];
    if (quote != 0) {
      quote = c == quote ? '\0' : quote;
    } else if (c == '\'' || c == '"' || c == '`') {
      quote = c;
    } else if (text.substr(at).starts_with("--")) {
      at = std::min(text.find('\n', at), text.size());
    } else if (c == ';') {
      return at + 1;
    }
  }
  return std::string_view::npos;
}

Result<std::vector<Json>> rows_of_database(std::string_view bytes, std::string_view column) {
  std::string copy(bytes);
  constexpr std::size_t kWriteVersion = 18;
  if (copy.size() > kWriteVersion + 1) {  // a file with a write-ahead log is read as one without
    copy[kWriteVersion] = copy[kWriteVersion + 1] = 1;
  }
  Database database;
  MIA_TRY(database.load(copy));
  return database.rows(column);
}

Result<std::vector<Json>> rows_of_sql(std::string_view text, std::string_view column) {
  Database database;
  std::size_t line = 1;
  std::size_t counted = 0;
  for (std::size_t at = begin_of_statement(text, 0); at < text.size();) {
    line += static_cast<std::size_t>(std::ranges::count(text.substr(counted, at - counted), '\n'));
    counted = at;
    const std::size_t end = end_of_statement(text, at);
    if (end == std::string_view::npos) {
      return fail(ErrorKind::usage, "line {}: a statement is never ended by ';'; the file is not whole", line);
    }
    const std::string_view statement = text.substr(at, end - at);
    const std::string head = lower(statement.substr(0, 12));
    if (head.starts_with("create table") || head.starts_with("insert")) {
      MIA_TRY(context(database.execute(statement), fmt::format("line {}", line)));
    }
    at = begin_of_statement(text, end);
  }
  return database.rows(column);
}

}  // namespace mia::store
