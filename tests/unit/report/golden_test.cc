// SPDX-License-Identifier: MIT
// What is printed, word by word: one file per output in tests/golden. `./dev golden` writes them anew.
#include <cmath>
#include <cstdlib>

#include <gtest/gtest.h>

#include "base/files.h"
#include "document/markdown.h"
#include "document/text.h"
#include "report/before_after.h"
#include "report/comparison.h"
#include "report/document.h"
#include "report/github.h"
#include "report/junit.h"
#include "samples.h"

namespace mia {
namespace {

void expect_golden(const std::string& name, const std::string& text) {
  const std::filesystem::path path = std::filesystem::path(MIA_SOURCE_DIR) / "tests" / "golden" / name;
  if (std::getenv("MIA_RENEW_GOLDEN") != nullptr) {
    const Status written = write_file_atomic(path, text);
    ASSERT_TRUE(written) << written.error().text();
  }
  const auto golden = read_file(path);
  ASSERT_TRUE(golden) << golden.error().text() << "\n./dev golden writes it";
  EXPECT_EQ(text, *golden) << name << ": ./dev golden writes it anew, the difference is to be read";
}

std::string text_of(const document::Document& document) {
  return document::to_text(document, {80});
}

TEST(Golden, Reports) {
  record::Report latency = samples::latency();
  latency.cells[0].histogram = {{10.24, 60}, {20.48, 3}};
  for (const auto& [name, report] : {std::pair<std::string, record::Report>{"baseline", samples::baseline()},
                                     {"cpu_tuning", samples::cpu_tuning()},
                                     {"long_context", samples::long_context()},
                                     {"latency", latency},
                                     {"quant_compare", samples::quant_compare()},
                                     {"probe", samples::probe()}}) {
    expect_golden(name + ".txt", text_of(report::document_of(report)));
    expect_golden(name + ".md", report::to_markdown(report));
  }
}

TEST(Golden, Gate) {
  const record::Report report = samples::baseline();
  expect_golden("gate.txt", text_of(report::gate_document(report)));
  expect_golden("summary.md", report::github_summary(report));
  expect_golden("annotations.txt", report::to_github(report));
  expect_golden("junit.xml", report::to_junit(report));
}

TEST(Golden, BeforeAfter) {
  record::Report after = samples::long_context();
  after.session = "20261124-090000-cafe";
  const document::Document document = report::document_of(report::before_after(samples::long_context(), after));
  expect_golden("before_after.txt", text_of(document));
  expect_golden("before_after.md", document::to_markdown(document));
}

TEST(Golden, Comparison) {
  record::Comparison found;
  found.a.label = "runtime:old";
  found.a.requested.workload.name = "decode";
  found.a.requested.workload.input = "tokens";
  found.a.requested.workload.prompt_tokens = 16;
  found.a.requested.workload.max_tokens = 32;
  found.b.label = "runtime:new";
  found.b.decode_tok_s = 97.04;
  record::StatisticResult& speed = found.statistics.emplace_back();
  speed.name = "speed";
  speed.figure = "fast_quarter_ms";
  speed.verdict = record::Verdict::slower;
  speed.effect = std::log(1.031);
  speed.low = std::log(1.022);
  speed.high = std::log(1.04);
  speed.level = 0.992;
  speed.mde = std::log(1.015);
  record::StatisticResult& experience = found.statistics.emplace_back();
  experience.name = "experience";
  experience.figure = "gen_latency_s";
  experience.level = 0.998;
  found.epochs = 8;
  found.pairs = 61;
  found.void_reasons = {{"steal", 2}, {"throttled", 1}};
  found.margin = 0.03;
  found.notes = {"One arm had other settings."};
  found.sentence = "B is 3.1 % slower.";
  const document::Document document = report::document_of(found);
  expect_golden("compare.txt", text_of(document));
  expect_golden("compare.md", document::to_markdown(document));
  EXPECT_NE(document::to_text(document, {80, {}, true}).find("\x1b[31mB is"), std::string::npos) << "slower is red";
}

}  // namespace
}  // namespace mia
