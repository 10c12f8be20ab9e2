// SPDX-License-Identifier: MIT
#include "report/table.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace mia {
namespace {

using report::Align;
using report::display_width;
using report::Table;

TEST(DisplayWidth, CountsColumnsNotBytes) {
  EXPECT_EQ(display_width("abc"), 3U);
  EXPECT_EQ(display_width("größe"), 5U);
  EXPECT_EQ(display_width("模型"), 4U);
  EXPECT_EQ(display_width("🙂"), 2U);
  EXPECT_EQ(display_width("e\xcc\x81"), 1U) << "combining acute";
}

TEST(Shorten, MarksTheCut) {
  EXPECT_EQ(report::shorten("abcdef", 6), "abcdef");
  EXPECT_EQ(report::shorten("abcdef", 4), "abc…");
  EXPECT_EQ(display_width(report::shorten("模型模型", 4)), 3U) << "never half of a wide letter";
}

TEST(Wrap, KeepsWordsAndWidth) {
  const std::string text = report::wrap("one two three four", 9, 2);
  EXPECT_EQ(text, "one two\n  three\n  four");
  EXPECT_EQ(report::wrap("unbreakable", 4), "unbreakable");
}

TEST(TableText, ColumnsLineUp) {
  const Table table{{{"name", Align::left}, {"tok/s", Align::right}}, {{"模型", "6.69"}, {"b"}}};
  const auto lines = split(report::table_text(table), '\n');
  ASSERT_EQ(lines.size(), 5U);
  EXPECT_EQ(lines[0], "name  tok/s");
  EXPECT_EQ(display_width(lines[1]), 11U);
  EXPECT_EQ(lines[2], "模型   6.69");
  EXPECT_EQ(lines[3], "b") << "a short row is filled with empty places";
}

TEST(TableText, TextIsShortenedNumbersAreNot) {
  const Table table{{{"name", Align::left}, {"value", Align::right}}, {{std::string(60, 'x'), "123456789.125"}}};
  for (const std::string& line : split(report::table_text(table, 40), '\n')) {
    EXPECT_LE(display_width(line), 40U);
  }
  EXPECT_NE(report::table_text(table, 40).find("123456789.125"), std::string::npos);
  EXPECT_NE(report::table_text(table, 10).find("123456789.125"), std::string::npos) << "rather too long than cut";
}

TEST(TableText, RowsStayToldApart) {
  const std::string same(50, 'm');
  const Table table{{{"mode", Align::left}, {"value", Align::right}}, {{same + " off", "1"}, {same + " on", "2"}}};
  const std::string text = report::table_text(table, 30);
  EXPECT_NE(text.find(" off  "), std::string::npos) << text;
  EXPECT_NE(text.find(" on   "), std::string::npos) << text;
}

TEST(TableText, TurnsRowsIntoColumns) {
  const Table table{{{"mode", Align::left}, {"a", Align::right}, {"b", Align::right}}, {{"x", "1", "2"}, {"y", "3"}}};
  const Table turned = report::transposed(table);
  ASSERT_EQ(turned.columns.size(), 3U);
  EXPECT_EQ(turned.columns[2].heading, "y");
  EXPECT_EQ(turned.rows, (std::vector<std::vector<std::string>>{{"a", "1", "3"}, {"b", "2", ""}}));
  EXPECT_EQ(report::table_width(table), 4U + 2 + 1 + 2 + 1);
}

TEST(TableMarkdown, EveryLineHasTheSamePlaces) {
  const Table table{{{"a|b", Align::left}, {"c", Align::right}}, {{"x | y\n| z", "1"}, {"\\|", "2"}, {}}};
  const auto lines = split(trim(report::table_markdown(table)), '\n');
  ASSERT_EQ(lines.size(), 5U);
  for (const std::string& line : lines) {
    int borders = 0;
    bool escaped = false;
    for (const char c : line) {
      borders += c == '|' && !escaped ? 1 : 0;
      escaped = c == '\\' && !escaped;
    }
    EXPECT_EQ(borders, 3) << line;
  }
  EXPECT_EQ(lines[1], "| --- | ---: |");
}

}  // namespace
}  // namespace mia
