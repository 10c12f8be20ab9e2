// SPDX-License-Identifier: MIT
#include "report/rows.h"

#include <algorithm>
#include <set>

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "../points.h"
#include "document/json.h"
#include "document/value.h"
#include "samples.h"

namespace mia {
namespace {

Json rows_of(const record::Report& report) {
  Json all = Json::array();
  for (const report::RowSet& set : report::row_sets(report, false)) {
    for (const Json& row : document::to_json(report::to_table(set))) {
      all.push_back(row);
    }
  }
  return all;
}

// Column `heading` of the only table, from top to bottom.
std::vector<std::string> column(const record::Report& report, const std::string& heading, bool latency = false) {
  const document::Grid grid = document::grid_of(report::to_table(report::row_sets(report, latency).at(0)));
  const auto at = std::ranges::find(grid.headings, heading);
  std::vector<std::string> cells;
  if (at != grid.headings.end()) {
    for (const auto& row : grid.rows) {
      cells.push_back(row.at(static_cast<std::size_t>(at - grid.headings.begin())));
    }
  }
  return cells;
}

TEST(CpuTuningRows, FastestFirstFailedLastUnderTheSeedsNames) {
  const Json rows = rows_of(samples::cpu_tuning());
  ASSERT_EQ(rows.size(), 4U);
  EXPECT_EQ(rows[0].at("tps"), 6.69);
  EXPECT_EQ(rows[1].at("tps"), 6.34);
  EXPECT_EQ(rows[2].at("tps"), 3.60);
  EXPECT_TRUE(rows[3].at("tps").is_null());
  EXPECT_EQ(rows[3].at("outcome"), "crashed (SIGSEGV) in load");
  EXPECT_EQ(rows[3].at("null_reasons").at("tps"), "crashed (SIGSEGV) in load");
  EXPECT_EQ(rows[0].at("n_threads"), 8);
  EXPECT_EQ(rows[0].at("n_batch"), 256);
  EXPECT_EQ(rows[2].at("n_threads"), "auto");
  EXPECT_EQ(rows[2].at("n_threads_effective"), 16);
  EXPECT_TRUE(rows[2].at("n_batch_effective").is_null());
  EXPECT_EQ(rows[0].at("load_ms"), 2227.0);
  EXPECT_EQ(rows[0].at("tokens_out"), 64);
  EXPECT_NEAR(rows[0].at("gen_s").get<double>(), 64 / 6.69, 1e-9);
  EXPECT_NEAR(rows[0].at("delta").get<double>(), 0.0198, 1e-4);
  EXPECT_NEAR(rows[0].at("tps_low").get<double>(), 6.69 * 0.98, 1e-9);
}

TEST(CpuTuningRows, TheTableShowsAskedAndEffectiveIntervalsAndOutcomes) {
  const record::Report report = samples::cpu_tuning();
  EXPECT_EQ(column(report, "n_threads"), (std::vector<std::string>{"8", "4", "auto (16)", "16"}));
  EXPECT_EQ(column(report, "tok/s").at(0), "6.69 [6.56, 6.82]");
  EXPECT_EQ(column(report, "tok/s").at(3), "–");
  EXPECT_EQ(column(report, "Δ (%)").at(0), "+2.0 [+1.0, +3.0]");
  EXPECT_EQ(column(report, "outcome").at(0), "ok");
  EXPECT_EQ(column(report, "outcome").at(3), "crashed (SIGSEGV) in load");
  EXPECT_TRUE(column(report, "p95 (ms)").empty());
  EXPECT_EQ(column(report, "p95 (ms)", true).at(0), "9.50");
}

TEST(Rows, ACellThatFailedInPartSaysHowOften) {
  record::Report report = samples::cpu_tuning();
  report.cells[0].outcomes = {{"ok", 4}, {"timed_out", 1}};
  report.cells[0].failure = "timed out in generate";
  EXPECT_EQ(rows_of(report)[1].at("outcome"), "1 of 5: timed out in generate");
}

TEST(Rows, EqualCellsStandUnderEachName) {
  record::Report report = samples::cpu_tuning();
  report.cells[2].also = {record::point_of("n_threads=physical n_batch=256"),
                          record::point_of("n_threads=auto n_batch=256")};
  const Json rows = rows_of(report);
  ASSERT_EQ(rows.size(), 6U);
  EXPECT_EQ(rows[1].at("label"), "n_threads=physical n_batch=256") << "a word keeps its label";
  EXPECT_EQ(rows[2].at("n_threads"), "auto");
  EXPECT_EQ(rows[2].at("n_batch"), 256);
  EXPECT_EQ(rows[2].at("tps"), 6.69);
}

TEST(Rows, CellsWithoutAxesAreToldApartByTheirLabel) {
  record::Report report = samples::empty("mine");
  samples::add_cell(report, "first", "short", 1);
  samples::add_cell(report, "second", "short", 2);
  EXPECT_EQ(column(report, "cell"), (std::vector<std::string>{"first", "second"}));
}

TEST(LongContextRows, ShortAndLongOfAModeShareARow) {
  const Json rows = rows_of(samples::long_context());
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].at("n_gpu_layers"), 0);
  EXPECT_EQ(rows[0].at("short_tps"), 6.69);
  EXPECT_EQ(rows[0].at("long_tps"), 2.95);
  EXPECT_NEAR(rows[0].at("degradation").get<double>(), 0.44, 0.002);
  EXPECT_NEAR(rows[0].at("delta_percent").get<double>(), -55.9, 0.05);
  EXPECT_EQ(rows[0].at("target_tokens_long"), 512);
  EXPECT_NEAR(rows[1].at("delta_percent").get<double>(), -5.6, 0.05);
  EXPECT_EQ(rows[1].at("label"), "n_gpu_layers=6");
}

TEST(LongContextRows, TheCurveShowsWhereSpeedIsLost) {
  const Json curve = rows_of(samples::long_context())[0].at("decode_curve_tok_s");
  ASSERT_EQ(curve.size(), 16U);
  EXPECT_NEAR(curve[0].get<double>(), 125, 1e-6) << "8 ms between the first tokens";
  EXPECT_NEAR(curve[15].get<double>(), 62.5, 1e-6) << "16 ms between the last tokens";
  EXPECT_FALSE(rows_of(samples::long_context())[1].contains("decode_curve_tok_s")) << "64 tokens are too few";
  const Json depth = rows_of(samples::long_context())[0].at("decode_curve_depth");
  ASSERT_EQ(depth.size(), 16U);
  EXPECT_EQ(depth[15].get<int>() - depth[0].get<int>(), 119) << "127 intervals, 8 of them in the first share";
  const std::string drawn = column(samples::long_context(), "speed over depth (tok/s)").at(0);
  EXPECT_EQ(drawn.substr(0, 9), "125.0 █");
  EXPECT_EQ(drawn.substr(drawn.size() - 4), "62.5");
}

TEST(LongContextRows, AMissingHalfIsNullWithAReason) {
  record::Report report = samples::long_context();
  samples::crash(report, report.cells[1]);
  const Json rows = rows_of(report);
  EXPECT_EQ(rows[0].at("short_tps"), 6.69);
  EXPECT_TRUE(rows[0].at("degradation").is_null());
  EXPECT_FALSE(rows[0].at("null_reasons").at("degradation").get<std::string>().empty());
  EXPECT_EQ(rows[0].at("outcome"), "long: crashed (SIGSEGV) in load");
}

TEST(LongContextRows, OneWorkloadAloneIsAPlainTable) {
  record::Report report = samples::long_context();
  std::erase_if(report.cells, [](const auto& cell) { return cell.requested.workload.name == "short"; });
  EXPECT_EQ(rows_of(report)[0].at("tokens_per_s"), 2.95);
}

TEST(LatencyRows, RatiosOfTheSeed) {
  const record::Report report = samples::latency();
  const Json rows = rows_of(report);
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].at("p95_short_ms"), 259.04);
  EXPECT_EQ(rows[0].at("p95_long_ms"), 201.64);
  EXPECT_NEAR(rows[0].at("p95_long_over_short").get<double>(), 0.78, 0.005);
  EXPECT_NEAR(rows[1].at("p95_long_over_short").get<double>(), 1.13, 0.005);
  EXPECT_NEAR(rows[0].at("tps_long_over_short").get<double>(), 1.45, 0.005);
  EXPECT_EQ(rows[0].at("target_tokens_short"), 64);
  EXPECT_EQ(rows[0].at("sample_count_short"), 63);
  const Json sums = report::aggregates(report::row_sets(report, false).at(0));
  EXPECT_NEAR(sums.at("p95_long_over_short_worst").get<double>(), 1.13, 0.005);
  EXPECT_NEAR(sums.at("tps_long_over_short_worst").get<double>(), 1.04, 0.005);
}

TEST(QuantRows, SpeedAndSizeAgainstTheFirstModel) {
  const Json rows = rows_of(samples::quant_compare());
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].at("model_id"), "q4km");
  EXPECT_EQ(rows[0].at("short_ratio"), 1.0);
  EXPECT_EQ(rows[1].at("model_id"), "mxfp4");
  EXPECT_NEAR(rows[1].at("short_ratio").get<double>(), 1.94, 1e-9);
  EXPECT_NEAR(rows[1].at("long_ratio").get<double>(), 2.09, 1e-9);
  EXPECT_EQ(rows[1].at("file_bytes"), 90 << 20);
  EXPECT_EQ(rows[1].at("perplexity"), 12.345);
  EXPECT_EQ(rows[1].at("null_reasons").at("mean_kl_divergence"), "the models share no tokenizer");
}

TEST(QuantRows, TheSessionsOwnIntervalIsTaken) {
  record::Report report = samples::quant_compare();
  report.cells[2].delta = 0.9;
  report.cells[2].delta_low = 0.8;
  report.cells[2].delta_high = 1.0;
  const Json row = rows_of(report)[1];
  EXPECT_NEAR(row.at("short_ratio").get<double>(), 1.9, 1e-9);
  EXPECT_NEAR(row.at("short_ratio_low").get<double>(), 1.8, 1e-9);
  EXPECT_NEAR(row.at("short_ratio_high").get<double>(), 2.0, 1e-9);
}

TEST(GpuRows, OffloadAndBuffersOnTheGpu) {
  record::Report report = samples::empty("gpu-smoke");
  for (const std::int64_t layers : {0, 12}) {
    record::CellReport& cell = samples::add_cell(report, "n_gpu_layers=" + std::to_string(layers), "short", 4);
    cell.requested.llm.n_gpu_layers = cell.effective.llm.n_gpu_layers = layers;
  }
  report.cells[0].buffers = {{"CPU", "model", 100}, {"CPU_Mapped", "model", 100}, {"AMX", "model", 100}};
  report.cells[1].buffers = {
      {"CPU", "model", 100}, {"CUDA0", "model", 50 << 20}, {"CUDA_Host", "model", 7}, {"CUDA0", "kv", 9}};
  const Json rows = rows_of(report);
  EXPECT_EQ(rows[0].at("offload_fraction"), 0.0);
  EXPECT_TRUE(rows[0].at("gpu_buffer_bytes").is_null());
  EXPECT_EQ(rows[1].at("offload_fraction"), 0.5);
  EXPECT_EQ(rows[1].at("gpu_buffer_bytes"), 50 << 20) << "model buffers only";
}

TEST(ProbeRows, EachPartKeepsItsShape) {
  const auto sets = report::row_sets(samples::probe(), false);
  ASSERT_EQ(sets.size(), 2U);
  EXPECT_EQ(sets[0].part, "cpu-tuning");
  EXPECT_EQ(document::to_json(report::to_table(sets[0]))[0].at("tps"), 6.69);
  EXPECT_EQ(sets[1].part, "latency");
  EXPECT_TRUE(document::to_json(report::to_table(sets[1]))[0].contains("p95_long_over_short"));
}

TEST(ProbeRows, OnlyAProbeHasParts) {
  record::Report report = samples::cpu_tuning();
  report.cells[0].key = "a/b";
  ASSERT_EQ(report::row_sets(report, false).size(), 1U);
  EXPECT_EQ(report::row_sets(report, false)[0].part, "cpu-tuning");
}

TEST(NullNotes, SayOnceWhyADashIsThere) {
  record::Report report = samples::cpu_tuning();
  for (std::size_t i : {0U, 2U}) {
    report.cells[i].metrics["tokens_out"] = {};
    report.cells[i].metrics["tokens_out"].null_reason = "not counted";
  }
  const auto sets = report::row_sets(report, false);
  std::set<std::string> told;
  const auto notes = document::null_notes(report::to_table(sets.at(0)), told);
  EXPECT_EQ(std::ranges::count(notes, "tokens: not counted"), 1);
  for (const std::string& note : notes) {
    EXPECT_EQ(note.find("SIGSEGV"), std::string::npos) << "the outcome column says it already";
  }
}

}  // namespace
}  // namespace mia
