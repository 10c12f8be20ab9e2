// SPDX-License-Identifier: MIT
#include "document/markdown.h"

#include <gtest/gtest.h>

#include "../points.h"
#include "base/files.h"
#include "base/text.h"
#include "record/metrics.h"
#include "report/document.h"
#include "report/github.h"
#include "samples.h"

namespace mia {
namespace {

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

int borders(const std::string& line) {
  int count = 0;
  bool escaped = false;
  for (const char c : line) {
    count += c == '|' && !escaped ? 1 : 0;
    escaped = c == '\\' && !escaped;
  }
  return count;
}

// Every block of lines that start with a border has the same number of places in each line.
void expect_whole_tables(const std::string& text) {
  int expected = 0;
  for (const std::string& line : split(text, '\n')) {
    if (!line.starts_with('|')) {
      expected = 0;
      continue;
    }
    expected = expected == 0 ? borders(line) : expected;
    EXPECT_EQ(borders(line), expected) << line;
  }
}

TEST(Markdown, TheCommandSetsWhatWasSet) {
  record::Report report = samples::baseline();
  report.settings.llm.id = "my model.gguf";
  report.settings.llm.n_threads = 2;
  report.settings.run.runtime = "new";
  const std::string text = report::to_markdown(report);
  EXPECT_TRUE(has(text, "mia-perf run baseline -m 'my model.gguf' --set llm.primary.n_threads=2 --runtime new"))
      << text;
}

TEST(Markdown, TheCommandHasTheAxes) {
  record::Report report = samples::baseline();
  report.cells.push_back(report.cells.front());
  report.cells.front().point = record::point_of("n_threads=physical");
  report.cells.front().also = {record::point_of("n_threads=4")};
  report.cells.back().point = record::point_of("n_threads=2");
  EXPECT_TRUE(has(report::to_markdown(report), "--axis llm.primary.n_threads=physical,4,2"));
  report.cells.back().part = "latency";
  EXPECT_FALSE(has(report::to_markdown(report), "--axis")) << "parts have axes of their own";
}

TEST(Markdown, TheCommandKeepsAnAxisOfOneValueAndTheRepeats) {
  record::Report report = samples::baseline();
  report.scenario = "long-context";
  report.cells.front().point = record::point_of("n_gpu_layers=auto short");
  for (record::CellReport& cell : report.cells) {
    cell.requested.run.repeats = 5;
  }
  EXPECT_TRUE(
      has(report::to_markdown(report), "mia-perf run long-context --axis llm.primary.n_gpu_layers=auto --repeats 5"))
      << report::to_markdown(report);
}

TEST(Markdown, AGpuThatDoesNotAnswerIsSaid) {
  record::Report report = samples::baseline();
  report.machine.gpus = {{}};
  EXPECT_TRUE(has(report::to_markdown(report), "| GPU | does not answer (NVML), memory unknown, driver unknown |"));
}

TEST(Markdown, TheCommandKeepsWhichCellsWereWanted) {
  record::Report report = samples::baseline();
  report.only = {"short", "n_threads=2 long"};
  EXPECT_TRUE(has(report::to_markdown(report), " --only short --only 'n_threads=2 long'"));
}

TEST(Markdown, PartsWithNumbersOfTheirOwnRepeatWithoutOne) {
  record::Report report = samples::long_context();
  report.settings.run.repeats = 5;  // the configuration's
  for (std::size_t i = 0; i < report.cells.size(); ++i) {
    report.cells[i].part = i == 0 ? "baseline" : "latency";
    report.cells[i].requested.run.repeats = i == 0 ? 5 : 3;
  }
  EXPECT_FALSE(has(report::to_markdown(report), "repeats"));
  for (record::CellReport& cell : report.cells) {
    cell.requested.run.repeats = 1;
  }
  EXPECT_TRUE(has(report::to_markdown(report), " --repeats 1"));
}

TEST(Markdown, AskedAndEffectiveStandTogether) {
  EXPECT_TRUE(has(report::to_markdown(samples::baseline()), "n_threads auto (4)"));
  record::Report report = samples::baseline();
  report.cells[0].requested.llm.n_threads = 4;
  EXPECT_TRUE(has(report::to_markdown(report), "| n_threads 4 |")) << "once, where they agree";
}

TEST(Markdown, TablesStayWhole) {
  for (const record::Report& report :
       {samples::baseline(), samples::cpu_tuning(), samples::long_context(), samples::latency(),
        samples::quant_compare(), samples::probe(), samples::hostile()}) {
    expect_whole_tables(report::to_markdown(report));
    expect_whole_tables(report::github_summary(report));
  }
}

TEST(Markdown, HostileNamesAreOnlyText) {
  for (const std::string& text :
       {report::to_markdown(samples::hostile()), report::github_summary(samples::hostile())}) {
    for (const char* const bad : {"<script", "<!--", "</td", "](", "\x1b", "\r", "http://", "\n=cmd", "\xe2\x80\xae"}) {
      const std::size_t command = text.find("## How to repeat it");
      EXPECT_EQ(text.substr(0, command).find(bad), std::string::npos) << bad;
    }
    for (const std::string& line : split(text, '\n')) {
      const bool known = line.empty() || line.starts_with("#") || line.starts_with("**") || line.starts_with("|") ||
                         line.starts_with("- ") || line.starts_with("    mia-perf run ") ||
                         line.starts_with("regression_flag") || line.starts_with("Outcome: ") ||
                         line.starts_with("Recommended: ");
      EXPECT_TRUE(known) << line;
    }
  }
}

TEST(Markdown, TheDocumentationListsEveryMetric) {
  const std::string table = document::to_markdown(report::metrics_list());
  for (const record::Metric& metric : record::metrics()) {
    EXPECT_TRUE(has(table, std::string(metric.name))) << metric.name;
  }
  const auto page = read_file(std::filesystem::path(MIA_SOURCE_DIR) / "docs" / "results-format.md");
  ASSERT_TRUE(page) << page.error().text();
  EXPECT_TRUE(has(*page, table)) << "docs/results-format.md: put this table there\n" << table;
}

}  // namespace
}  // namespace mia
