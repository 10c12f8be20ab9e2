// SPDX-License-Identifier: MIT
#include "document/markdown.h"

#include <gtest/gtest.h>

#include "base/text.h"
#include "document/value.h"
#include "samples.h"

namespace mia {
namespace {

using document::Document;
using document::Table;

TEST(DocumentMarkdown, EveryBlockHasItsForm) {
  const Document document{
      "title",
      {{"heading",
        {document::Paragraph{"# said"}, document::List{{{"one"}, {"- two"}}}, document::Code{"mia-perf run"}}},
       {"",
        {document::Note{record::Severity::warning, "look out", "load 3"},
         document::Note{record::Severity::info, "fyi"}}},
       {"empty"},
       {"details", {document::Facts{{{"name", "value"}}}}, true}},
      "answer"};
  EXPECT_EQ(document::to_markdown(document),
            "# title\n\n**answer**\n\n## heading\n\n\\# said\n\n- one\n- \\- two\n\n    mia-perf run\n\n"
            "- **Warning:** look out (load 3)\n- **Note:** fyi\n\n## details\n\n"
            "| condition | value |\n| --- | --- |\n| name | value |\n");
  EXPECT_TRUE(document::to_markdown(document, 3).starts_with("### title\n\n**answer**\n\n#### heading\n"));
}

TEST(DocumentMarkdown, EveryLineOfATableHasTheSamePlaces) {
  const Table table{{{"", "a|b"}, {"", "c"}}, {{"x | y\n| z", 1L}, {"\\|", 2L}, {}}};
  const std::string text = document::to_markdown(table);
  const auto lines = split(trim(text), '\n');
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

TEST(DocumentMarkdown, HostileTextIsOnlyText) {
  const std::string bad = samples::hostile_text();
  const Document document{
      bad,
      {{bad,
        {document::Paragraph{bad}, document::List{{{bad}}}, document::Note{record::Severity::problem, bad, bad},
         document::Facts{{{bad, bad}}}, Table{{{"", bad}}, {{bad}, {document::number({}, {}, bad)}}},
         document::Chart{bad, {bad}, {bad}, {{document::Layer::Mark::bars, bad, 0, {{bad, 1.0}}}}, bad, {bad}}}}},
      bad};
  const std::string text = document::to_markdown(document);
  for (const char* const part : {"<script", "<!--", "</td", "](", "\x1b", "\r", "http://", "\n=cmd", "\xe2\x80\xae"}) {
    EXPECT_FALSE(contains(text, part)) << part;
  }
}

}  // namespace
}  // namespace mia
