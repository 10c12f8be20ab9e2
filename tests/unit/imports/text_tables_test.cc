// SPDX-License-Identifier: MIT
#include "imports/text_tables.h"

#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/text.h"

namespace mia::imports {
namespace {

// "a|b;c|d", or the error.
std::string records(std::string_view text, char separator = ',') {
  Cursor cursor(text);
  std::string all;
  while (!cursor.at_end()) {
    const auto fields = cursor.record(separator);
    if (!fields) {
      return "error: " + fields.error().text();
    }
    all += (all.empty() ? "" : ";") + join(*fields, "|");
  }
  return all;
}

TEST(Csv, PlainAndQuotedFields) {
  EXPECT_EQ(records("a,b\n1,2\n3,4\n"), "a|b;1|2;3|4");
  EXPECT_EQ(records("\"a\",\"b\"\n\"x, \"\"y\"\"\",\"line\nbreak\""), "a|b;x, \"y\"|line\nbreak");
  EXPECT_EQ(records("a\tb c\td\n1\t\t2", '\t'), "a|b c|d;1||2");
}

TEST(Csv, WhatIsNotWholeIsAnErrorWithItsLine) {
  EXPECT_EQ(records("a,b\n1,\"2"), "error: line 2: a quote is never closed; the file is not whole");
  EXPECT_EQ(records("a,b\n\"1\"x,2\n"), "error: line 2: text after a closing quote");
  EXPECT_EQ(records("a,b\n\"1\n1\",2\n\"3\"x,4"), "error: line 4: text after a closing quote");
}

TEST(MarkdownTable, CellsAndRules) {
  EXPECT_EQ(join(markdown_cells("| a | **b** | `c\\|d` |"), ";"), "a;b;c|d");
  EXPECT_EQ(join(markdown_cells("> a | b"), ";"), "a;b");
  EXPECT_TRUE(markdown_cells("no bar").empty());
  EXPECT_TRUE(is_markdown_rule("| --- | ---: |"));
  EXPECT_TRUE(is_markdown_rule("--- | :-:"));
  EXPECT_FALSE(is_markdown_rule("| a | - |"));
  EXPECT_FALSE(is_markdown_rule("-----"));
}

TEST(MarkdownTable, HeadingsAreColumnsOfTheFiles) {
  const auto columns = [](const char* heading, const char* cell) { return dump_json(columns_of_cell(heading, cell)); };
  EXPECT_EQ(columns("ngl", "99"), R"({"n_gpu_layers":"99"})");
  EXPECT_EQ(columns("S_PP t/s", "465.51"), R"({"speed_pp":"465.51"})");
  EXPECT_EQ(columns("t/s", "101.00 ± 1.50"), R"({"avg_ts":"101.00","stddev_ts":"1.50"})");
  EXPECT_EQ(columns("t/s", "101.00 +/- 1.50"), R"({"avg_ts":"101.00","stddev_ts":"1.50"})");
  EXPECT_EQ(columns("t/s master", "101"), R"({"avg_ts":"101","build_commit":"master"})");
  EXPECT_EQ(columns("pp512", "101 ± 1"), R"({"avg_ts":"101","n_prompt":"512","stddev_ts":"1"})");
  EXPECT_EQ(columns("tg128 (t/s)", "20"), R"({"avg_ts":"20","n_gen":"128"})");
  EXPECT_EQ(columns("t/s (pp512 @ d4096)", "20"), R"({"avg_ts":"20","n_depth":"4096","n_prompt":"512"})");
  EXPECT_EQ(columns("test", "pp512"), R"({"n_prompt":"512"})");
  EXPECT_EQ(columns("test", "tg 128"), R"({"n_gen":"128"})");
  EXPECT_EQ(columns("test", "pp512+tg128 @ d4096"), R"({"n_depth":"4096","n_gen":"128","n_prompt":"512"})");
  EXPECT_EQ(columns("test", "something"), R"({"test":"something"})");
  EXPECT_EQ(columns("a fork's", "x"), R"({"a fork's":"x"})");
}

}  // namespace
}  // namespace mia::imports
