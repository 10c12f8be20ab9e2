// SPDX-License-Identifier: MIT
// Databases of other programs: read, and nothing of what they could do is done.
#include "store/foreign.h"

#include <gtest/gtest.h>
#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>

#include "base/files.h"
#include "support.h"

namespace mia::store {
namespace {
using namespace testing;  // NOLINT: test helpers

std::string shown(const Result<std::vector<Json>>& rows) {
  return rows ? dump_json(*rows) : "error: " + rows.error().text();
}
std::string sql(const std::string& text) {
  return shown(rows_of_sql(text, "avg_ts"));
}
const std::string kTable = "create table t (avg_ts real, name text);\n";

TEST(Foreign, DumpsWithAndWithoutNamesOfColumns) {
  EXPECT_EQ(sql("PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\n" + kTable +
                "INSERT INTO \"t\" VALUES(1.5,'it''s; -- no end');\ninsert into t (name, avg_ts) values ('b', '2'), "
                "(NULL, 3);\n"
                "CREATE INDEX i ON t (name);\nCOMMIT;\n"),
            R"([{"avg_ts":1.5,"name":"it's; -- no end"},{"avg_ts":2.0,"name":"b"},{"avg_ts":3.0}])");
  EXPECT_EQ(sql(kTable + "INSERT INTO t VALUES(1,replace('a\\nb','\\n',char(10)));"),
            R"([{"avg_ts":1.0,"name":"a\nb"}])");
  EXPECT_EQ(sql(kTable + "insert into t values (9e999, 'x');"), R"([{"avg_ts":"inf","name":"x"}])");
}

TEST(Foreign, ErrorsSayTheLine) {
  EXPECT_EQ(sql(kTable + "insert into t (avg_ts)\n values (1, 2);"), "error: line 2: 2 values for 1 columns");
  EXPECT_EQ(sql(kTable + "\ninsert into t values ('x"),
            "error: line 3: a statement is never ended by ';'; the file is not whole");
  EXPECT_EQ(sql("create table other (a); create table more (b);"),
            "error: no table has rows with avg_ts; tables: other, more");
  EXPECT_EQ(sql(""), "error: no table has rows with avg_ts; tables: none");
}

TEST(Foreign, NothingIsDoneThatADumpNeedsNot) {
  const TempDir dir;
  const std::string file = dir.file("made").string();
  const std::string attached = "attach '" + file + "' as x; " + kTable + "insert into t values (1, 'a');";
  EXPECT_EQ(sql(attached), R"([{"avg_ts":1.0,"name":"a"}])");
  EXPECT_FALSE(std::filesystem::exists(file));
  for (const std::string& bomb : {
           std::string(
               "insert into t with recursive c(x) as (select 1 union all select x + 1 from c) select x, 'a' from c;"),
           std::string("insert into t values (1, hex(zeroblob(1000000)));"),
           std::string("insert into t values (1, load_extension('x'));"),
           std::string("create table v as select * from pragma_database_list;"),
           "insert into t values (1, replace(replace('" + std::string(5000, 'a') + "', 'a', '" +
               std::string(5000, 'b') + "'), 'b', 'cc'));",
       }) {
    EXPECT_NE(sql(kTable + bomb).find("error: line 2"), std::string::npos) << bomb.substr(0, 80);
  }
}

TEST(Foreign, FilesAreReadFromMemory) {
  const TempDir dir;
  {
    soci::session made(soci::sqlite3, dir.file("b.sqlite").string());
    made << "pragma journal_mode = wal";
    made << "create table other (x)";
    made << "create table \"a \"\"b\" (avg_ts real, note text)";
    made << "insert into \"a \"\"b\" values (1.5, null)";
    made << "create view v as select 2 as avg_ts";
  }
  const std::string bytes = *read_file(dir.file("b.sqlite"));
  EXPECT_EQ(shown(rows_of_database(bytes, "avg_ts")), R"([{"avg_ts":1.5}])");
  EXPECT_EQ(shown(rows_of_database(bytes, "speed")), "error: no table has rows with speed; tables: other, a \"b");
  std::size_t refused = 0;
  for (std::size_t size = 0; size < bytes.size(); size += 500) {
    refused += rows_of_database(bytes.substr(0, size), "avg_ts") ? 0 : 1;
  }
  EXPECT_GT(refused, 5U);
  for (std::size_t at = 0; at < bytes.size(); at += 37) {  // no crash, whatever comes
    std::string hurt = bytes;
    hurt[at] = static_cast<char>(hurt[at] ^ 0x5A);
    (void)rows_of_database(hurt, "avg_ts");
  }
}

}  // namespace
}  // namespace mia::store
