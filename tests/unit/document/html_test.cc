// SPDX-License-Identifier: MIT
#include "document/html.h"

#include <gtest/gtest.h>

#include "base/text.h"
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
