// SPDX-License-Identifier: MIT
#include "document/escape.h"

#include <gtest/gtest.h>

#include "base/text.h"
#include "samples.h"

namespace mia {
namespace {

using document::csv_escape;
using document::github_escape;
using document::github_property;
using document::markdown_cell;
using document::markdown_escape;
using document::shell_quote;
using document::xml_escape;

TEST(OneLine, HasNeitherLinesNorControls) {
  const std::string text = one_line(samples::hostile_text(), 5000);
  for (const char c : text) {
    EXPECT_GE(static_cast<unsigned char>(c), 0x20U);
  }
  EXPECT_EQ(text.find("\xe2\x80\xae"), std::string::npos) << "right-to-left override";
  EXPECT_EQ(text.find("\xc2\x9b"), std::string::npos) << "C1 control sequence introducer";
  EXPECT_EQ(one_line("a\nb"), "a b");
  EXPECT_EQ(one_line("Modell größer 模型"), "Modell größer 模型");
}

TEST(Markdown, NothingFromOutsideIsMarkup) {
  EXPECT_EQ(markdown_cell("a|b"), "a\\|b");
  EXPECT_EQ(markdown_cell("<b>"), "&lt;b&gt;");
  EXPECT_EQ(markdown_cell("&lt;"), "&amp;lt;");
  EXPECT_EQ(markdown_cell("`x` *y* ~z~"), "\\`x\\` \\*y\\* \\~z\\~");
  EXPECT_EQ(markdown_cell("[t](u)"), "[t&#93;(u)");
  EXPECT_EQ(markdown_cell("[t]: u"), "[t&#93;: u");
  EXPECT_EQ(markdown_cell("a\\|b"), "a\\\\\\|b");
  EXPECT_EQ(markdown_cell("_x_"), "\\_x\\_");
  EXPECT_EQ(markdown_cell("x\n# y"), "x # y");
  EXPECT_EQ(markdown_cell("https://a.b").find("://"), std::string::npos);
  EXPECT_EQ(markdown_cell("see WWW.a.b").find("WWW."), std::string::npos);
  EXPECT_EQ(markdown_cell("@team").find('@'), std::string::npos);
}

TEST(Markdown, OrdinaryTextStaysReadable) {
  for (const char* const text : {"n_threads=8 n_batch=256", "41.2 [40.8, 41.9]", "SmolLM2-135M", "-5.6", "3.5 tok/s"}) {
    EXPECT_EQ(markdown_cell(text), text);
  }
}

TEST(Markdown, ALineOpensNoBlock) {
  EXPECT_EQ(markdown_escape("# x"), "\\# x");
  EXPECT_EQ(markdown_escape("- x"), "\\- x");
  EXPECT_EQ(markdown_escape("+ x"), "\\+ x");
  EXPECT_EQ(markdown_escape("=== "), "\\===");
  EXPECT_EQ(markdown_escape("12. x"), "12\\. x");
  EXPECT_EQ(markdown_escape("1) x"), "1\\) x");
  EXPECT_EQ(markdown_escape("> x"), "&gt; x");
  EXPECT_EQ(markdown_escape("5 trials"), "5 trials");
  EXPECT_EQ(markdown_escape("    x"), "x") << "no code block by indentation";
}

TEST(Xml, EscapesMarkupAndDropsWhatXmlForbids) {
  EXPECT_EQ(xml_escape("<a b=\"c\" d='e'>&"), "&lt;a b=&quot;c&quot; d=&apos;e&apos;&gt;&amp;");
  EXPECT_EQ(xml_escape("a\nb\tc"), "a&#10;b&#9;c");
  EXPECT_EQ(xml_escape("\xef\xbf\xbf").find("\xef\xbf\xbf"), std::string::npos);
  EXPECT_EQ(xml_escape(std::string_view("a\0b", 3)).find('\0'), std::string::npos);
}

TEST(Csv, QuotesAndNeutralizes) {
  EXPECT_EQ(csv_escape("plain"), "plain");
  EXPECT_EQ(csv_escape("a,b"), "\"a,b\"");
  EXPECT_EQ(csv_escape("a\"b"), "\"a\"\"b\"");
  for (const char* const formula : {"=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\n=1", " =1"}) {
    EXPECT_EQ(csv_escape(formula).front(), '\'') << formula;
  }
  EXPECT_EQ(csv_escape("\r=1"), "\\x0d=1") << "a return is shown, so no formula starts the field";
  EXPECT_EQ(csv_escape("=1,2"), "\"'=1,2\"");
  EXPECT_EQ(csv_escape("a=b"), "a=b");
}

TEST(Github, OneCommandPerLine) {
  EXPECT_EQ(github_escape("50%\nx"), "50%25%0Ax");
  EXPECT_EQ(github_escape("a: b, c"), "a: b, c");
  EXPECT_EQ(github_property("a: b, c"), "a%3A b%2C c");
  EXPECT_EQ(github_escape("a\r\n::error::x").find('\n'), std::string::npos);
  EXPECT_EQ(github_escape("a\r\n::error::x").find('\r'), std::string::npos);
}

TEST(Shell, QuotesWhatTheShellWouldRead) {
  EXPECT_EQ(shell_quote("llm.primary.n_threads=8"), "llm.primary.n_threads=8");
  EXPECT_EQ(shell_quote("a b"), "'a b'");
  EXPECT_EQ(shell_quote("$(rm)"), "'$(rm)'");
  EXPECT_EQ(shell_quote("it's"), "'it'\\''s'");
  EXPECT_EQ(shell_quote(""), "''");
}

TEST(Limits, AMegabyteIsCut) {
  const std::string huge(std::size_t{1} << 20U, '|');
  EXPECT_LE(markdown_cell(huge).size(), 2000U);
  EXPECT_LE(xml_escape(huge).size(), 5000U);
  EXPECT_LE(csv_escape(huge).size(), 5000U);
  EXPECT_LE(github_escape(huge).size(), 5000U);
  EXPECT_LE(one_line(huge).size(), 600U);
}

}  // namespace
}  // namespace mia
