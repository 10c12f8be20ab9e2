// SPDX-License-Identifier: MIT
#include "report/json.h"
#include "report/sealed.h"

#include <fstream>

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/files.h"
#include "record/metrics.h"
#include "samples.h"

namespace mia {
namespace {

TEST(Document, OneCellHasTheSeedsFieldsOnTop) {
  const Json document = report::to_document(samples::baseline());
  EXPECT_EQ(document.at("load_ms"), 2227.0);
  EXPECT_EQ(document.at("load_ms_source"), "event");
  EXPECT_EQ(document.at("tokens_per_s"), 120.5);
  EXPECT_EQ(document.at("tokens_out"), 64);
  EXPECT_TRUE(document.at("tokens_out").is_number_integer());
  EXPECT_EQ(document.at("words_out"), 60);
  EXPECT_EQ(document.at("llama_cpp_version"), "0.5.0-dev");
  EXPECT_EQ(document.at("cfg_max_output_tokens"), 1024);
  EXPECT_EQ(document.at("peak_rss_bytes"), 314572800);
  EXPECT_EQ(document.at("model").at("id"), "smollm2-135m");
  EXPECT_EQ(document.at("runtime").at("commit"), "abc1234");
  EXPECT_EQ(document.at("requested").at("llm.primary").at("n_threads"), "auto");
  EXPECT_EQ(document.at("effective").at("llm.primary").at("n_threads"), 4);
  for (const record::Metric& metric : record::metrics()) {
    EXPECT_TRUE(document.contains(metric.name)) << metric.name;
  }
}

TEST(Document, UnknownIsNullWithItsReason) {
  record::Report report = samples::baseline();
  report.trials[0].phases.load_ms_source = "manual";
  report.cells[0].metrics.erase("ttft_ms");
  const Json document = report::to_document(report);
  EXPECT_TRUE(document.at("energy_j_per_token").is_null());
  EXPECT_EQ(document.at("null_reasons").at("energy_j_per_token"), "no GPU was seen");
  EXPECT_TRUE(document.at("ttft_ms").is_null());
  EXPECT_EQ(document.at("load_ms_source"), "manual");
}

TEST(Document, MixedSourcesAreSaid) {
  record::Report report = samples::baseline();
  report.trials.push_back(samples::trial("cell0", 1));
  report.trials[1].phases.load_ms_source = "manual";
  EXPECT_EQ(report::to_document(report).at("load_ms_source"), "mixed");
  for (record::Trial& trial : report.trials) {
    trial.phases.load_ms.reset();
  }
  EXPECT_TRUE(report::to_document(report).at("load_ms_source").is_null());
}

TEST(Document, SeveralCellsHaveRowsInsteadOfTopLevelFigures) {
  const Json document = report::to_document(samples::cpu_tuning());
  EXPECT_FALSE(document.contains("tokens_per_s"));
  EXPECT_EQ(document.at("rows").size(), 4U);
  EXPECT_EQ(document.at("aggregates").at("cpu-tuning").at("best"), "n_threads=8 n_batch=256");
}

TEST(Document, ReadsBackWhatWasWritten) {
  for (const record::Report& report :
       {samples::baseline(), samples::cpu_tuning(), samples::hostile(), samples::probe()}) {
    const auto parsed = parse_json(report::pretty_json(report::to_document(report)));
    ASSERT_TRUE(parsed);
    const auto read = report::from_document(*parsed);
    ASSERT_TRUE(read) << read.error().text();
    // Bytes that are no UTF-8 were replaced on the way out; from then on nothing changes.
    EXPECT_EQ(report::pretty_json(report::to_document(*read)), report::pretty_json(report::to_document(report)));
  }
}

TEST(Document, NewerFieldsAreIgnored) {
  Json document = report::to_document(samples::baseline());
  document["from_the_future"] = 1;
  document["cells"][0]["from_the_future"] = {{"a", 1}};
  document["trials"][0]["from_the_future"] = nullptr;
  EXPECT_TRUE(report::from_document(document, report::Edited::allow));
}

TEST(Document, EditsAreSeen) {
  const Json good = report::to_document(samples::baseline());
  EXPECT_TRUE(report::is_intact(good));
  Json edited = good;
  edited["cells"][0]["metrics"]["tokens_per_s"]["value"] = 999;
  EXPECT_FALSE(report::is_intact(edited));
  const auto refused = report::from_document(edited);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::protocol);
  EXPECT_NE(refused.error().hint.find("--allow-edited"), std::string::npos);
  const auto allowed = report::from_document(edited, report::Edited::allow);
  ASSERT_TRUE(allowed);
  EXPECT_EQ(allowed->cells[0].metrics.at("tokens_per_s").value, 999);
  Json without = good;
  without.erase("content_hash");
  EXPECT_FALSE(report::from_document(without));
}

TEST(Document, OtherDocumentsGiveOneClearError) {
  Json newer = report::to_document(samples::baseline());
  newer["schema"] = record::kReportSchema + 1;
  Json half = report::to_document(samples::baseline());
  half.erase("trials");
  const std::vector<std::tuple<Json, ErrorKind, const char*>> cases = {
      {Json::array(), ErrorKind::protocol, "not an object"},
      {Json::object(), ErrorKind::protocol, "schema"},
      {Json{{"schema", "1"}}, ErrorKind::protocol, "schema"},
      {newer, ErrorKind::unsupported, "schema 3"},
      {half, ErrorKind::protocol, "'trials' is missing"}};
  for (const auto& [document, kind, text] : cases) {
    const auto read = report::from_document(document, report::Edited::allow);
    ASSERT_FALSE(read) << text;
    EXPECT_EQ(read.error().kind, kind) << text;
    EXPECT_NE(read.error().message.find(text), std::string::npos) << read.error().message;
  }
}

TEST(Document, EveryTruncationOfAFileIsAnErrorThatNamesIt) {
  const std::filesystem::path path = std::filesystem::path(testing::TempDir()) / "mia_half_report.json";
  record::Report report = samples::baseline();
  const std::string text = report::pretty_json(report::to_document(report));
  for (std::size_t size = 0; size + 2 < text.size(); size += 97) {
    std::ofstream(path, std::ios::trunc | std::ios::binary) << text.substr(0, size);
    const auto read = report::read_report(path);
    ASSERT_FALSE(read) << size;
    ASSERT_NE(read.error().message.find("mia_half_report.json"), std::string::npos) << read.error().message;
  }
  std::ofstream(path, std::ios::trunc | std::ios::binary) << text;
  EXPECT_TRUE(report::read_report(path));
  std::filesystem::remove(path);
  const auto gone = report::read_report(path);
  ASSERT_FALSE(gone);
  EXPECT_NE(gone.error().message.find("mia_half_report.json"), std::string::npos);
}

TEST(Document, TokenTimesStandOnOneLine) {
  const std::string text =
      report::pretty_json(Json{{"token_ns", {1, 2, 3}}, {"list", {{{"a", 1}}}}, {"none", Json::array()}});
  EXPECT_NE(text.find("\"token_ns\": [1,2,3]"), std::string::npos) << text;
  EXPECT_NE(text.find("    {\n      \"a\": 1\n    }"), std::string::npos) << text;
  EXPECT_EQ(Json::parse(text), (Json{{"token_ns", {1, 2, 3}}, {"list", {{{"a", 1}}}}, {"none", Json::array()}}));
}

TEST(Jsonl, OneWholeTrialPerLine) {
  const record::Report report = samples::cpu_tuning();
  const std::string text = report::to_jsonl(report);
  EXPECT_EQ(static_cast<std::size_t>(std::ranges::count(text, '\n')), report.trials.size());
  const Json first = Json::parse(text.substr(0, text.find('\n')));
  EXPECT_EQ(first.at("scenario"), "cpu-tuning");
  EXPECT_EQ(first.at("model"), "smollm2-135m");
  const auto trial = record::trial_from_json(first);
  ASSERT_TRUE(trial);
  EXPECT_EQ(trial->runs.at(1).token_ns, report.trials[0].runs[1].token_ns);
}

}  // namespace
}  // namespace mia
