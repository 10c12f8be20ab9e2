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
