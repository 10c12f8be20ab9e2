// SPDX-License-Identifier: MIT
#include "imports/text_tables.h"

#include <string>

#include <gtest/gtest.h>

namespace mia::imports {
namespace {

// "a=1|b=2;a=3|b=4", or the error.
std::string shown(const Result<std::vector<TextRow>>& rows) {
  if (!rows) {
    return "error: " + rows.error().text();
  }
  std::string text;
  for (const TextRow& row : *rows) {
    text += text.empty() ? "" : ";";
    for (std::size_t i = 0; i < row.size(); ++i) {
      text += (i > 0 ? "|" : "") + row[i].first + "=" + row[i].second;
    }
  }
  return text;
}

TEST(Csv, PlainAndQuotedFields) {
  EXPECT_EQ(shown(parse_csv("a,b\n1,2\n3,4\n")), "a=1|b=2;a=3|b=4");
  EXPECT_EQ(shown(parse_csv("a,b\r\n\"1\",\"2\"\r\n")), "a=1|b=2");
  EXPECT_EQ(shown(parse_csv("\"a\",\"b\"\n\"x, \"\"y\"\"\",\"line\nbreak\"")), "a=x, \"y\"|b=line\nbreak");
  EXPECT_EQ(shown(parse_csv("a,b\n,\n")), "a=|b=");
  EXPECT_EQ(shown(parse_csv("a,b\n\n1,2\n\n")), "a=1|b=2");
  EXPECT_EQ(shown(parse_csv("a,b\n")), "");
}

TEST(Csv, WhatIsNotWholeIsAnError) {
  EXPECT_EQ(shown(parse_csv("")), "error: the file is empty");
  EXPECT_EQ(shown(parse_csv("a,b\n1,2\n3\n")), "error: line 3: 1 fields, the header has 2");
  EXPECT_EQ(shown(parse_csv("a,b\n1,2,3\n")), "error: line 2: 3 fields, the header has 2");
  EXPECT_EQ(shown(parse_csv("a,b\n1,\"2")), "error: line 2: a quote is never closed; the file is not whole");
  EXPECT_EQ(shown(parse_csv("a,b\n\"1\"x,2\n")), "error: line 2: text after a closing quote");
  EXPECT_EQ(shown(parse_csv("a,b\n\"1\n1\",2\n\"3\"x,4")), "error: line 4: text after a closing quote");
}

TEST(Inserts, RowsOfOneAndOfSeveralStatements) {
  const char* const text =
      "CREATE TABLE IF NOT EXISTS test (\n  a TEXT,\n  b INTEGER\n);\n\n"
      "INSERT INTO test (a, b) VALUES ('x', '1');\n"
      "-- a comment; with ' a quote\n"
      "insert into \"test\" (a, b) values ('it''s', 2), ('(;', -3.5e-2);\n";
  EXPECT_EQ(shown(parse_inserts(text)), "a=x|b=1;a=it's|b=2;a=(;|b=-3.5e-2");
}

TEST(Inserts, NullIsNoValue) {
  EXPECT_EQ(shown(parse_inserts("INSERT INTO t (a, b) VALUES (NULL, 'NULL');")), "b=NULL");
}

TEST(Inserts, OtherStatementsAreNotExecuted) {
  EXPECT_EQ(shown(parse_inserts("DROP TABLE session; ATTACH 'x' AS y; INSERT INTO t (a) VALUES ('1');")), "a=1");
}

TEST(Inserts, WhatIsNotWholeIsAnErrorWithItsLine) {
  EXPECT_EQ(shown(parse_inserts("INSERT INTO t (a)\nVALUES ('x")),
            "error: line 2: a string is never closed; the file is not whole");
  EXPECT_EQ(shown(parse_inserts("INSERT INTO t (a) VALUES ('x'")),
            "error: line 1: the file ends inside a statement; it is not whole");
  EXPECT_EQ(shown(parse_inserts("INSERT INTO t (a) VALUES ('x')")),
            "error: line 1: the file ends inside a statement; it is not whole");
  EXPECT_EQ(shown(parse_inserts("CREATE TABLE t (a")),
            "error: line 1: the file ends inside a statement; it is not whole");
  EXPECT_EQ(shown(parse_inserts("INSERT INTO t (a, b) VALUES ('x');")), "error: line 1: 1 values for 2 columns");
  EXPECT_EQ(shown(parse_inserts("INSERT INTO t (a) SELECT 1;")), "error: line 1: VALUES expected, not 'SELECT'");
  EXPECT_EQ(shown(parse_inserts("INSERT INTO t;")), "error: line 1: a list of columns expected, not ';'");
  EXPECT_EQ(shown(parse_inserts("INSERT INTO t (a) VALUES (1 2);")), "error: line 1: ')' expected, not '2'");
}

}  // namespace
}  // namespace mia::imports
