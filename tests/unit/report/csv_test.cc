// SPDX-License-Identifier: MIT
#include "report/csv.h"

#include <algorithm>
#include <map>

#include <gtest/gtest.h>

#include "base/text.h"
#include "record/metrics.h"
#include "samples.h"

namespace mia {
namespace {

// Rows by heading; the samples used here hold no quoted field (validate.py reads the others with Python's csv).
std::vector<std::map<std::string, std::string>> rows_of(const std::string& text) {
  std::vector<std::string> lines = split(text, '\n');
  EXPECT_EQ(lines.back(), "");
  lines.pop_back();
  std::vector<std::map<std::string, std::string>> rows;
  const std::vector<std::string> names = split(trim(lines.at(0)), ',');
  for (std::size_t i = 1; i < lines.size(); ++i) {
    EXPECT_TRUE(lines[i].ends_with('\r')) << "RFC 4180 ends lines with CR LF";
    const std::vector<std::string> values = split(lines[i].substr(0, lines[i].size() - 1), ',');
    EXPECT_EQ(values.size(), names.size());
    auto& row = rows.emplace_back();
    for (std::size_t column = 0; column < std::min(names.size(), values.size()); ++column) {
      row[names[column]] = values[column];
    }
  }
  return rows;
}

TEST(Csv, OneRowPerRunWithItsOwnFigures) {
  const auto rows = rows_of(report::to_csv(samples::baseline()));
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].at("warm_up"), "true");
  EXPECT_EQ(rows[0].at("tokens_out"), "4");
  EXPECT_EQ(rows[0].at("ttft_ms"), "50");
  EXPECT_EQ(rows[1].at("warm_up"), "false");
  EXPECT_EQ(rows[1].at("run"), "1");
  EXPECT_EQ(rows[1].at("tokens_out"), "64");
  EXPECT_EQ(rows[1].at("ttft_ms"), "40");
  EXPECT_EQ(rows[1].at("sample_count"), "63");
  EXPECT_EQ(rows[1].at("p95_decode_ms"), "8");
  EXPECT_EQ(rows[1].at("load_ms"), "2227");
  EXPECT_EQ(rows[1].at("energy_j_per_token"), "") << "unknown is empty, not 0";
  EXPECT_EQ(rows[1].at("requested.llm.primary.n_threads"), "auto");
  EXPECT_EQ(rows[1].at("effective.llm.primary.n_threads"), "4");
  EXPECT_EQ(rows[1].at("cache_state"), "cold");
  EXPECT_EQ(rows[1].at("roofline_tok_s"), "240");
  EXPECT_EQ(rows[0].at("efficiency"), "0.5") << "of the cell, so in every row";
  EXPECT_TRUE(rows[0].contains("load_limit_ms"));
  for (const record::Metric& metric : record::metrics()) {
    EXPECT_TRUE(rows[0].contains(std::string(metric.name))) << metric.name;
  }
}

TEST(Csv, FlashAttentionAskedClaimedAndProvenAreThreeColumns) {
  record::Report report = samples::baseline();
  for (record::CellReport& cell : report.cells) {
    cell.flash_attention = {.asked = "on", .claimed = "on", .proven = "off"};
  }
  const auto rows = rows_of(report::to_csv(report));
  EXPECT_EQ(rows[0].at("flash_attn_claimed"), "on");
  EXPECT_EQ(rows[0].at("flash_attn_proven"), "off");
  report.cells[0].flash_attention.proven.reset();
  EXPECT_EQ(rows_of(report::to_csv(report))[0].at("flash_attn_proven"), "") << "unknown is empty";
}

TEST(Csv, ATrialWithoutRunsKeepsItsOutcome) {
  const auto rows = rows_of(report::to_csv(samples::cpu_tuning()));
  const auto crashed = std::ranges::find_if(rows, [](const auto& row) { return row.at("outcome") == "crashed"; });
  ASSERT_NE(crashed, rows.end());
  EXPECT_EQ(crashed->at("phase"), "load");
  EXPECT_EQ(crashed->at("run"), "");
  EXPECT_EQ(crashed->at("tokens_per_s"), "");
  EXPECT_EQ(rows.size(), 7U) << "three trials of two runs and the crashed one";
}

}  // namespace
}  // namespace mia
