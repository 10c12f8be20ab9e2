// SPDX-License-Identifier: MIT
#include "judge/findings.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "reports.h"

namespace mia::judge {
namespace {

const record::Finding* finding_of(const record::Report& report, const std::string& id) {
  const auto at = std::ranges::find(report.findings, id, &record::Finding::id);
  return at == report.findings.end() ? nullptr : &*at;
}

TEST(Findings, MoreThanTheMemoryAllowsIsAnErrorOfMeasurement) {
  ReportMaker maker;
  maker.cell("sound").efficiency = 1.0;
  maker.cell("too fast").efficiency = 1.07;
  maker.report.cells.back().roofline_tok_s = 50;
  maker.cell("unknown");
  find_facts(maker.report);
  ASSERT_EQ(std::ranges::count(maker.report.findings, "above_roofline", &record::Finding::id), 1);
  const record::Finding& finding = *finding_of(maker.report, "above_roofline");
  EXPECT_EQ(finding.severity, record::Severity::warning);
  EXPECT_NE(finding.text.find("too fast: 107 %"), std::string::npos) << finding.text;
  EXPECT_NE(finding.text.find("measured wrong"), std::string::npos) << finding.text;
  EXPECT_EQ(finding.evidence.at("roofline_tok_s"), "50.0");
}

TEST(Findings, DriftAndDisturbanceAreNamedWhereTheyAreLarge) {
  ReportMaker maker;
  maker.cell("a");
  maker.speeds("a", 0, {10, 10, 10, 10});
  maker.report.trials[0].conditions.voided_by = {"steal"};
  maker.report.drift_share = 0.3;
  find_facts(maker.report);
  EXPECT_TRUE(maker.report.findings.empty());
  maker.report.trials[1].conditions.voided_by = {"steal"};
  maker.report.drift_share = 0.31;
  maker.report.drift_p = 0.02;
  find_facts(maker.report);
  EXPECT_EQ(finding_of(maker.report, "drift"), nullptr) << "five values do that by chance";
  maker.report.findings.clear();
  maker.report.drift_p = 0.001;
  find_facts(maker.report);
  ASSERT_NE(finding_of(maker.report, "drift"), nullptr);
  EXPECT_NE(finding_of(maker.report, "drift")->text.find("31 %"), std::string::npos);
  ASSERT_NE(finding_of(maker.report, "noisy_machine"), nullptr);
  EXPECT_NE(finding_of(maker.report, "noisy_machine")->text.find("2 of 4 trials"), std::string::npos);
}

TEST(Findings, ADiagnosisOfAGpuThatIsNotSeenHasNoEffect) {
  ReportMaker maker;
  maker.cell("a").requested.llm.cuda_launch_blocking = true;
  maker.cell("b").requested.llm.cuda_launch_blocking = true;
  record::RuntimeInfo& runtime = maker.report.runtimes.emplace_back();
  runtime.name = "runtime";
  runtime.devices = {{"CPU", "", "cpu", {}, {}, ""}};
  find_facts(maker.report);
  EXPECT_EQ(std::ranges::count(maker.report.findings, "setting_without_effect", &record::Finding::id), 1);
  maker.report.findings.clear();
  maker.report.runtimes[0].devices.push_back({"CUDA0", "", "gpu", {}, {}, ""});
  find_facts(maker.report);
  EXPECT_EQ(finding_of(maker.report, "setting_without_effect"), nullptr);
}

TEST(Findings, AnAxisWhoseCellsWereMeasuredOnceHasNoEffect) {
  ReportMaker maker;
  record::CellReport& cell = maker.cell("n_batch=128");
  cell.requested.llm.n_batch = 128;
  cell.effective.llm.n_batch = 125;
  cell.also = {record::point_of("n_batch=512")};
  find_facts(maker.report);
  const record::Finding* const finding = finding_of(maker.report, "axis_without_effect");
  ASSERT_NE(finding, nullptr);
  EXPECT_NE(finding->text.find("n_batch 128 and 512 both became 125"), std::string::npos) << finding->text;
}

TEST(Findings, SettingsOfAGpuThatIsNotThereHaveNoEffect) {
  ReportMaker maker;
  record::CellReport& cell = maker.cell("a");
  cell.requested.llm.n_gpu_layers = 99;
  cell.effective.llm.n_gpu_layers = 0;
  cell.requested.llm.main_gpu = 1;
  cell.requested.llm.split_mode = "row";
  cell.requested.llm.offload_kqv = false;
  cell.requested.llm.op_offload = true;  // the default is no wish
  cell.requested.llm.poll = 0;
  record::RuntimeInfo& runtime = maker.report.runtimes.emplace_back();
  runtime.name = "runtime";
  runtime.devices = {{"CPU", "", "cpu", {}, {}, ""}};
  runtime.build_flags = "CPU : AVX2 = 1 | OPENMP = 1 | REPACK = 1 |";
  const auto named = [&] {
    maker.report.findings.clear();
    find_facts(maker.report);
    std::vector<std::string> keys;
    for (const record::Finding& finding : maker.report.findings) {
      keys.push_back(finding.id == "setting_without_effect" ? finding.evidence.at("key").substr(12) : finding.id);
    }
    return keys;
  };
  EXPECT_EQ(named(), (std::vector<std::string>{"n_gpu_layers", "split_mode", "main_gpu", "offload_kqv", "poll"}));
  EXPECT_EQ(maker.report.findings[0].text, "n_gpu_layers=99 has no effect: runtime runtime sees no GPU");
  cell.requested.llm.n_gpu_layers = 0;  // as asked
  EXPECT_EQ(named().front(), "split_mode");
  maker.report.runtimes[0].devices.push_back({"CUDA0", "", "gpu", {}, {}, ""});
  EXPECT_EQ(named(), std::vector<std::string>{"poll"}) << "OpenMP's threads do not poll as ggml's do";
  maker.report.runtimes[0].build_flags = "CPU : AVX2 = 1 |";
  EXPECT_TRUE(named().empty());
  maker.report.runtimes[0].devices.clear();
  EXPECT_TRUE(named().empty()) << "what a runtime has is not known: nothing is claimed";
}

TEST(Findings, MoreThreadsThanCpusAreNamedWithTheirCells) {
  ReportMaker maker;
  maker.report.machine.allowed_cpus = 2;
  maker.cell("two").requested.llm.n_threads = 2;
  maker.cell("four").requested.llm.n_threads = 4;
  maker.cell("batch").requested.llm.n_threads_batch = 64;
  find_facts(maker.report);
  const record::Finding* const finding = finding_of(maker.report, "threads_over_cpus");
  ASSERT_NE(finding, nullptr);
  EXPECT_EQ(finding->evidence.at("cells"), "four, batch");
  EXPECT_EQ(finding->evidence.at("threads"), "64");
  EXPECT_NE(finding->text.find("may use 2 CPUs"), std::string::npos) << finding->text;
}

TEST(Findings, ABatchAboveItsLimitAndAContextAboveTheTrainedOneAreNamed) {
  ReportMaker maker;
  record::CellReport& cell = maker.cell("a");
  record::ModelInfo& model = maker.report.models.emplace_back();
  model.id = cell.model;
  model.context = 2048;
  cell.requested.llm.n_batch = 128;
  cell.requested.llm.n_ubatch = 512;
  cell.effective.llm.n_ctx = 4096;
  find_facts(maker.report);
  ASSERT_NE(finding_of(maker.report, "ubatch_over_batch"), nullptr);
  ASSERT_NE(finding_of(maker.report, "context_over_trained"), nullptr);
  EXPECT_NE(finding_of(maker.report, "context_over_trained")->text.find("4096 tokens is above the 2048"),
            std::string::npos);
  maker.report.findings.clear();
  cell.requested.llm.n_ubatch = 128;
  cell.effective.llm.n_ctx = 2048;
  find_facts(maker.report);
  EXPECT_TRUE(maker.report.findings.empty());
}

TEST(Findings, DifferentTokenizersAreNamed) {
  ReportMaker maker;
  for (const char* const id : {"a", "b", "c"}) {
    maker.report.models.emplace_back().id = id;
  }
  find_facts(maker.report);
  EXPECT_EQ(finding_of(maker.report, "different_tokenizers"), nullptr) << "unknown is no difference";
  maker.report.models[0].tokenizer_hash = maker.report.models[1].tokenizer_hash = "1";
  maker.report.models[2].tokenizer_hash = "2";
  find_facts(maker.report);
  ASSERT_NE(finding_of(maker.report, "different_tokenizers"), nullptr);
  EXPECT_EQ(finding_of(maker.report, "different_tokenizers")->evidence.at("model"), "c");
}

TEST(Findings, ASettingThatTheRuntimeChangedIsNamedOnce) {
  ReportMaker maker;
  for (const char* const key : {"a", "b"}) {
    record::CellReport& cell = maker.cell(key);
    cell.requested.llm.n_ctx = 8;
    cell.effective.llm.n_ctx = 256;
    cell.requested.llm.n_batch = cell.effective.llm.n_batch = 512;
    cell.effective.llm.n_threads = 4;  // asked for nothing
    cell.requested.llm.n_gpu_layers = 99;
    cell.effective.llm.n_gpu_layers = 0;  // has findings of its own
  }
  find_facts(maker.report);
  ASSERT_EQ(maker.report.findings.size(), 1);
  EXPECT_EQ(maker.report.findings[0].id, "setting_changed");
  EXPECT_EQ(maker.report.findings[0].text, "a: asked for n_ctx=8, the runtime took 256");
}

TEST(Findings, ACellThatFailedSaysWhy) {
  ReportMaker maker;
  maker.cell("a").failure = "crashed by SIGSEGV";
  maker.report.cells.back().outcomes = {{"crashed", 2}, {"ok", 1}};
  find_facts(maker.report);
  const record::Finding* const finding = finding_of(maker.report, "failed_trials");
  ASSERT_NE(finding, nullptr);
  EXPECT_EQ(finding->severity, record::Severity::problem);
  EXPECT_EQ(finding->text, "a: crashed by SIGSEGV");
  EXPECT_EQ(finding->evidence.at("ok_trials"), "1");
}

// Sampling's interval reaches below nothing, text has none of its own.
TEST(Conclude, APartThatIsNotApartFromNothingHasNoShare) {
  ReportMaker maker;
  maker.report.complete = true;
  maker.cell("stream").requested.workload.name = "stream";
  maker.speeds("stream", 0, {10, 10, 10});
  const auto part = [](const std::string& name, double ms, std::optional<double> low) {
    record::TimePart made;
    made.name = name;
    made.ms = ms;
    made.share = ms / 10;
    made.low = low;
    made.n = 6;
    return made;
  };
  maker.report.time_parts = {part("prompt", 2, 1.9), part("decode", 8, 7.5), part("sampling", 0.3, -0.2),
                             part("whole", 10, 9)};
  conclude(maker.report);
  EXPECT_EQ(maker.report.sentence,
            "A token of model takes 10.00 ms: decode 80 %, prompt 20 %; sampling cannot be told from nothing.");
  for (record::TimePart& made : maker.report.time_parts) {
    made.low.reset();
    made.n = 2;
  }
  maker.report.time_parts[2].ms = -0.3;
  conclude(maker.report);
  EXPECT_EQ(maker.report.sentence,
            "A token of model takes 10.00 ms: decode 80 %, prompt 20 %; sampling cannot be told from nothing (n=2: too "
            "few repeats for intervals).");
}

}  // namespace
}  // namespace mia::judge
