// SPDX-License-Identifier: MIT
#include "document/text.h"

#include <gtest/gtest.h>

#include "base/text.h"
#include "document/layout.h"
#include "document/value.h"
#include "samples.h"

namespace mia {
namespace {

using document::display_width;
using document::Document;
using document::Table;

std::string table_text(Table table, std::size_t width = 1000) {
  return document::to_text(document::document_of(std::move(table)), {width});
}

TEST(DisplayWidth, CountsColumnsNotBytes) {
  EXPECT_EQ(display_width("abc"), 3U);
  EXPECT_EQ(display_width("größe"), 5U);
  EXPECT_EQ(display_width("模型"), 4U);
  EXPECT_EQ(display_width("🙂"), 2U);
  EXPECT_EQ(display_width("e\xcc\x81"), 1U) << "combining acute";
}

TEST(Shorten, MarksTheCut) {
  EXPECT_EQ(document::shorten("abcdef", 6), "abcdef");
  EXPECT_EQ(document::shorten("abcdef", 4), "abc…");
  EXPECT_EQ(display_width(document::shorten("模型模型", 4)), 3U) << "never half of a wide letter";
}

TEST(Wrap, KeepsWordsAndWidth) {
  EXPECT_EQ(document::wrap("one two three four", 9, 2), "one two\n  three\n  four");
  EXPECT_EQ(document::wrap("unbreakable", 4), "unbreakable");
}

TEST(TableText, ColumnsLineUp) {
  const auto lines =
      split(table_text({{{"", "name"}, {"", "tok/s"}}, {{"模型", document::number(6.69)}, {"b"}}}), '\n');
  ASSERT_EQ(lines.size(), 5U);
  EXPECT_EQ(lines[0], "name  tok/s");
  EXPECT_EQ(display_width(lines[1]), 11U);
  EXPECT_EQ(lines[2], "模型   6.69");
  EXPECT_EQ(lines[3], "b") << "a short row is filled with empty places";
}

TEST(TableText, TextIsShortenedNumbersAreNot) {
  const Table table{{{"", "name"}, {"", "value"}},
                    {{std::string(60, 'x'), document::number(123456789.125, {3})}, {std::string(61, 'y')}}};
  for (const std::string& line : split(table_text(table, 40), '\n')) {
    EXPECT_LE(display_width(line), 40U);
  }
  EXPECT_TRUE(contains(table_text(table, 40), "123456789.125"));
  EXPECT_TRUE(contains(table_text(table, 10), "123456789.125")) << "rather too long than cut";
}

TEST(TableText, RowsStayToldApart) {
  const std::string same(50, 'm');
  const std::string text = table_text({{{"", "mode"}, {"", "value"}}, {{same + " off", 1L}, {same + " on", 2L}}}, 40);
  EXPECT_TRUE(contains(text, " off  ")) << text;
  EXPECT_TRUE(contains(text, " on   ")) << text;
}

TEST(TableText, ATableThatIsTooWideIsTurnedWhereItFitsThen) {
  const std::string wide(40, 'w');
  const auto lines =
      split(table_text({{{"", "mode"}, {"", wide}, {"", wide}}, {{"x", 1L, 2L}, {"y", 3L, 4L}}}, 60), '\n');
  EXPECT_EQ(lines[0], "mode" + std::string(36, ' ') + "  x  y");
  EXPECT_EQ(lines[2], wide + "  1  3");
}

TEST(TableText, WhatIsUnknownSaysWhyBelow) {
  const std::string text = table_text({{{"", "load", "ms"}}, {{document::number({}, {}, "it crashed")}}});
  EXPECT_TRUE(text.ends_with("– load (ms): it crashed\n")) << text;
}

Document everything() {
  return {"title",
          {{"heading", {document::Paragraph{"said"}, document::List{{{"one"}, {"two"}}}}},
           {"", {document::Note{record::Severity::warning, "look out", "load 3"}, document::Heading{"part"}}},
           {"", {document::Facts{{{"name", "value"}, {"longer name", "other"}}}, document::Code{"mia-perf run"}}},
           {"hidden", {document::Paragraph{"detail"}}, true}},
          "answer"};
}

TEST(Text, SectionsStandApartAndTheAnswerComesFirst) {
  EXPECT_EQ(document::to_text(everything()),
            "title\n\nanswer\n\nsaid\none\ntwo\n\nwarning: look out\n\npart\n\nname         value\nlonger name  other\n"
            "    mia-perf run\n");
}

TEST(Text, ColorsOnlyWhenAsked) {
  EXPECT_FALSE(contains(document::to_text(everything()), "\x1b"));
  const std::string text = document::to_text(everything(), {100, {}, true});
  EXPECT_TRUE(contains(text, "\x1b[33mwarning: look out\x1b[0m\n")) << text;
  EXPECT_TRUE(contains(text, "\x1b[1manswer\x1b[0m\n")) << text;
}

TEST(Text, ChartsAreALineOrBars) {
  document::Chart chart{
      "speed", {"session"}, {"tok/s"}, {{document::Layer::Mark::line, "", 0, {{"a", 1.0}, {"b", 2.0}, {"c", 3.0}}}}};
  EXPECT_EQ(document::to_text(document::document_of(chart)), "speed\n▁▅█\n");
  chart.layers.front().mark = document::Layer::Mark::bars;
  const auto lines = split(document::to_text(document::document_of(chart)), '\n');
  EXPECT_EQ(lines[1], "session  tok/s");
  EXPECT_EQ(lines[3], "      a      1  ██████████");
}

TEST(Text, WhatIsHostileReachesNoTerminal) {
  const std::string bad = samples::hostile_text();
  const Document document{
      bad,
      {{bad,
        {document::Paragraph{bad}, document::List{{{bad}}}, document::Code{bad},
         document::Note{record::Severity::problem, bad, bad}, document::Facts{{{bad, bad}}},
         Table{{{"", bad}}, {{bad}, {document::number({}, {}, bad)}}},
         document::Chart{bad, {bad}, {bad}, {{document::Layer::Mark::bars, bad, 0, {{bad, 1.0}}}}, bad, {bad}}}}},
      bad};
  const std::string text = document::to_text(document);
  for (const char* const part : {"\x1b", "\xc2\x9b", "\xe2\x80\xae", "\r", "\t"}) {
    EXPECT_FALSE(contains(text, part));
  }
}

}  // namespace
}  // namespace mia
