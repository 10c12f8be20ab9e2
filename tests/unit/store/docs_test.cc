// SPDX-License-Identifier: MIT
// docs/store.md is an interface: what it shows runs, and what exists is in it.
#include <gtest/gtest.h>
#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>

#include "base/files.h"
#include "support.h"

namespace mia::store {
namespace {
using namespace testing;  // NOLINT: test helpers

// Single statements of the fenced sql blocks.
std::vector<std::string> shown_queries(const std::string& text) {
  std::vector<std::string> queries;
  const std::string fence = "```sql\n";
  for (std::size_t at = text.find(fence); at != std::string::npos; at = text.find(fence, at + 1)) {
    const std::size_t begin = at + fence.size();
    std::string block = text.substr(begin, text.find("```", begin) - begin);
    for (std::size_t end = block.find(';'); end != std::string::npos; end = block.find(';')) {
      queries.push_back(block.substr(0, end));
      block.erase(0, end + 1);
    }
  }
  return queries;
}

TEST(Docs, QueriesRunAndFindSomething) {
  const TempDir dir;
  {
    Store store = must_open(dir.file());
    ASSERT_TRUE(store.begin_session(sample_session("s1")));
    ASSERT_TRUE(store.add_trial("s1", sample_trial("s1", 0)));
  }
  soci::session sql(soci::sqlite3, dir.file().string());
  const auto queries = shown_queries(read_file(MIA_DOCS "/store.md").value_or(""));
  ASSERT_GE(queries.size(), 5U);
  for (const std::string& query : queries) {
    if (query.find("dbstat") != std::string::npos) {
      continue;  // a table that SQLite's own shell has, not every build of the library
    }
    const soci::rowset<soci::row> rows = (sql.prepare << query);
    EXPECT_NE(rows.begin(), rows.end()) << query;
  }
}

TEST(Docs, NameEveryTableAndColumn) {
  const TempDir dir;
  (void)must_open(dir.file());
  const std::string text = read_file(MIA_DOCS "/store.md").value_or("");
  soci::session sql(soci::sqlite3, dir.file().string());
  const soci::rowset<soci::row> rows =
      (sql.prepare << "select t.name, c.name from sqlite_master t join pragma_table_info(t.name) c"
                      " where t.type = 'table'");
  int columns = 0;
  for (const soci::row& row : rows) {
    ++columns;
    EXPECT_NE(text.find(row.get<std::string>(0)), std::string::npos) << row.get<std::string>(0);
    EXPECT_NE(text.find(row.get<std::string>(1)), std::string::npos)
        << row.get<std::string>(0) << "." << row.get<std::string>(1);
  }
  EXPECT_GT(columns, 50);
}

}  // namespace
}  // namespace mia::store
