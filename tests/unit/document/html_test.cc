// SPDX-License-Identifier: MIT
#include "document/html.h"

#include <gtest/gtest.h>

#include "base/text.h"
#include "document/escape.h"
#include "document/value.h"
#include "samples.h"

namespace mia {
namespace {

using document::Document;
using Mark = document::Layer::Mark;

TEST(Html, TheAnswerComesFirstAndDetailsAreThere) {
  const Document document{"title", {{"details", {document::Facts{{{"name", "a < b"}}}}, true}}, "answer"};
  const std::string page = document::to_html(document);
  const auto answer = page.find("<p class=\"answer strong\">answer</p>");
  ASSERT_NE(answer, std::string::npos);
  EXPECT_GT(page.find("<dt>name</dt><dd>a &lt; b</dd>"), answer);
  EXPECT_TRUE(contains(page, "default-src 'none'; script-src 'none'")) << "nothing is drawn: no script";
}

TEST(Html, AChartHasItsWordsAndItsValuesBesideTheData) {
  document::Chart chart{
      "speed", {"layers", 0}, {"tok/s", 1}, {{Mark::line, "short", 0, {{6.0, 4.08}}}}, "more is faster"};
  chart.table = {{{"", "layers"}, {"", "tok/s"}}, {{6L, "4.08"}}};
  const std::string page = document::to_html(document::document_of(chart));
  for (const char* const part : {"<figcaption>speed</figcaption>", "<p>more is faster</p>", ">4.08</td>"}) {
    EXPECT_TRUE(contains(page, part)) << part;
  }
}

TEST(Html, ALinkLeadsSomewhereAndItsRowCanBeChosen) {
  document::Table table{{{"", "session"}},
                        {{document::Link{"<a>", "/result/" + document::path_escape("\"><b/?#"), "i\"d"}}}};
  EXPECT_EQ(document::to_text(table.rows[0][0]), "<a>");
  table.choose = "/compare";
  const std::string page = document::to_html(document::document_of(table), {{{"Sessions", "/"}}, "wo\"rd", {}, {}});
  for (const char* const part :
       {"<a href=\"/result/%22%3E%3Cb%2F%3F%23\">&lt;a&gt;</a>", "value=\"i&quot;d\"", "<form action=\"/compare\">",
        "<nav>\n<a href=\"/\">Sessions</a>", "value=\"wo&quot;rd\"", "form-action 'self'"}) {
    EXPECT_TRUE(contains(page, part)) << part;
  }
  EXPECT_FALSE(contains(page, "connect-src"));
}

TEST(Html, WhatChangesByItselfMayAskItsServerAndNobodyElse) {
  document::Frame frame;
  frame.live = document::Section{"Runs now", {document::Paragraph{"<nothing>"}}};
  const std::string page = document::to_html({"title"}, frame);
  EXPECT_TRUE(contains(page, "<section id=\"live\">\n<h2>Runs now</h2>\n<p class=\"plain\">&lt;nothing&gt;</p>"));
  EXPECT_TRUE(contains(page, "connect-src 'self'; base-uri 'none'; form-action 'none'"));
  EXPECT_TRUE(contains(page, "EventSource"));
}

TEST(Html, WhatIsHostileStaysText) {
  const std::string bad = samples::hostile_text() + "</script><b>\xe2\x80\xa8";
  const document::Chart chart{bad, {bad}, {bad}, {{Mark::dots, bad, 0, {{1.0, bad, {}, {}, {}, bad, true}}}},
                              bad, {bad}};
  const Document document{bad,
                          {{bad,
                            {document::Heading{bad}, document::Paragraph{bad}, document::List{{{bad}}},
                             document::Code{bad}, document::Note{record::Severity::problem, bad, bad},
                             document::Facts{{{bad, bad}}}, document::Table{{{"", bad}}, {{bad}}}, chart}}},
                          bad};
  std::string page = document::to_html(document);
  page = page.substr(0, page.find("<script>/*!"));  // the library's own text is not ours to judge
  for (const char* const part : {"<b>", "</script><b", "\x1b", "\xe2\x80\xae", "\xe2\x80\xa8", "\r"}) {
    EXPECT_FALSE(contains(page, part)) << part;
  }
}

}  // namespace
}  // namespace mia
