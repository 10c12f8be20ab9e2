// SPDX-License-Identifier: MIT
#include "record/report.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "../points.h"
#include "samples.h"

namespace mia {
namespace {

// Through text, as a file does it.
Result<record::Report> again(const record::Report& report) {
  const auto json = parse_json(dump_json(record::to_json(report)));
  return json ? record::report_from_json(*json) : Result<record::Report>(json.failure());
}

TEST(RecordReport, SurvivesTheRoundTripWhole) {
  for (const record::Report& report :
       {samples::baseline(), samples::cpu_tuning(), samples::long_context(), samples::probe(), samples::empty("x")}) {
    const auto read = again(report);
    ASSERT_TRUE(read) << read.error().text();
    EXPECT_EQ(record::to_json(*read), record::to_json(report)) << report.scenario;
  }
}

// The comparison above sees only what to_json writes; these members prove that it writes and reads each kind.
TEST(RecordReport, KeepsEveryKindOfMember) {
  record::Report report = samples::baseline();
  report.cells[0].also = {record::point_of("n_threads=4")};
  report.cells[0].load_limit_ms = 1500;
  report.cells[0].delta_high = 0.25;
  const auto read = again(report);
  ASSERT_TRUE(read) << read.error().text();
  const record::CellReport& cell = read->cells.at(0);
  EXPECT_EQ(cell.also, report.cells[0].also);
  EXPECT_EQ(cell.load_limit_ms, 1500);
  EXPECT_EQ(cell.delta_high, 0.25);
  EXPECT_EQ(cell.delta, std::nullopt);
  EXPECT_EQ(cell.outcomes.at("ok"), 5);
  EXPECT_EQ(cell.metrics.at("tokens_per_s").value, 120.5);
  EXPECT_EQ(cell.metrics.at("tokens_per_s").n, 5);
  EXPECT_EQ(cell.metrics.at("tokens_per_s").level, 0.9375);
  EXPECT_EQ(cell.metrics.at("energy_j_per_token").value, std::nullopt);
  EXPECT_EQ(cell.metrics.at("energy_j_per_token").null_reason, "no GPU was seen");
  EXPECT_EQ(cell.histogram.at(2).upper_ms, 32);
  EXPECT_EQ(cell.histogram.at(2).count, 3);
  EXPECT_EQ(read->findings.at(0).severity, record::Severity::warning);
  EXPECT_EQ(read->findings.at(0).evidence.at("n"), "4");
  EXPECT_EQ(read->checks.at(0).limit, 2000);
  EXPECT_EQ(read->checks.at(2).value, std::nullopt);
  EXPECT_EQ(read->regression_flag, true);
  EXPECT_EQ(read->drift_share, 0.04);
  EXPECT_TRUE(read->complete);
  EXPECT_EQ(read->machine.caches.at(0).level, 3);
  EXPECT_EQ(read->trials.at(0).runs.at(1).token_ns, report.trials.at(0).runs.at(1).token_ns);
}

// What was text then is data now; blanks belong to the values.
TEST(RecordReport, SchemaOneSaysItsPointsInLabels) {
  record::Report report = samples::long_context();
  report.cells[1].requested.llm.id = "a model.gguf";
  report.cells[1].requested.llm.n_threads = 8;
  Json json = record::to_json(report);
  json["schema"] = 1;
  json["recommendation"] = "id=a model.gguf n_threads=2";
  for (Json& cell : json["cells"]) {
    cell.erase("point");
    cell["label"] = "long-context short";
  }
  json["cells"][1]["label"] = "id=a model.gguf n_threads=physical long";
  json["cells"][1]["also"] = {"id=a model.gguf n_threads=auto long"};
  const auto read = record::report_from_json(json);
  ASSERT_TRUE(read) << read.error().text();
  EXPECT_EQ(read->schema, record::kReportSchema);
  EXPECT_EQ(read->cells[0].point, (record::Point{"long-context", {}, "short"}));
  const record::Field* const id = record::find_field("id");
  const record::Field* const threads = record::find_field("n_threads");
  EXPECT_EQ(read->cells[1].point,
            (record::Point{"long-context", {{id, "a model.gguf"}, {threads, std::int64_t{8}, "physical"}}, "long"}));
  ASSERT_EQ(read->cells[1].also.size(), 1U);
  EXPECT_EQ(read->cells[1].also[0], (record::Point{"long-context", {{id, "a model.gguf"}, {threads, {}}}, "long"}));
  EXPECT_EQ(read->recommendation, (record::SettingList{{id, "a model.gguf"}, {threads, std::int64_t{2}}}));
}

TEST(RecordReport, UnsetSettingsComeBackUnset) {
  record::Report report = samples::empty("x");
  report.settings = {};
  const auto read = again(report);
  ASSERT_TRUE(read) << read.error().text();
  EXPECT_EQ(read->settings.llm.cache_type_k, std::nullopt);
  EXPECT_EQ(read->settings.run.repeats, std::nullopt);
}

TEST(RecordReport, NotFiniteBecomesNull) {
  record::Report report = samples::baseline();
  report.cells[0].metrics["load_ms"].value = std::numeric_limits<double>::quiet_NaN();
  report.drift_share = std::numeric_limits<double>::infinity();
  const auto read = again(report);
  ASSERT_TRUE(read) << read.error().text();
  EXPECT_EQ(read->cells[0].metrics.at("load_ms").value, std::nullopt);
  EXPECT_EQ(read->drift_share, std::nullopt);
}

TEST(RecordReport, ANumberBeyondItsTypeIsNotWrappedAround) {
  Json broken = record::to_json(samples::baseline());
  broken["cells"][0]["decode_splits"] = std::numeric_limits<std::uint64_t>::max();
  EXPECT_FALSE(record::report_from_json(broken));
  broken = record::to_json(samples::baseline());
  broken["schema"] = std::numeric_limits<std::int64_t>::max();
  EXPECT_FALSE(record::report_from_json(broken));
}

TEST(RecordReport, RunsThatContradictThemselvesAreRefused) {
  Json broken = record::to_json(samples::baseline());
  broken["trials"][0]["runs"][0]["tokens_out"] = 1000;
  const auto read = record::report_from_json(broken);
  ASSERT_FALSE(read);
  EXPECT_NE(read.error().message.find("trials[0]: 'runs[0]': tokens_out is 1000 but there are"), std::string::npos)
      << read.error().message;
}

TEST(RecordReport, WrongTypesAreNamed) {
  const Json good = record::to_json(samples::baseline());
  const std::vector<std::pair<std::string, std::string>> wrong = {
      {"/complete", "report: 'complete' has a wrong type"},
      {"/cells", "report: 'cells' is not a list"},
      {"/cells/0/delta", "report.cells[0]: 'delta' has a wrong type"},
      {"/cells/0/metrics/load_ms/value", "cells[0].metrics.load_ms: 'value' has a wrong type"},
      {"/cells/0/metrics", "cells[0]: 'metrics' is not an object"},
      {"/cells/0/also/0", "cells[0]: 'also[0]': "},
      {"/cells/0/outcomes/ok", "cells[0].outcomes: 'ok' has a wrong type"},
      {"/cells/0/histogram/0/count", "cells[0].histogram[0]: 'count' has a wrong type"},
      {"/cells/0/graph", "cells[0]: 'graph' is not an object"},
      {"/findings/0/severity", "findings[0]: 'severity' is 'not this', none of info, warning, problem"},
      {"/checks/0/limit", "checks[0]: 'limit' has a wrong type"},
      {"/trials/0/runs/0/token_ns", "trials[0].runs[0]: 'token_ns' is not a list"},
      {"/trials/0/runs/0/tokens_out", "trials[0].runs[0]: 'tokens_out' has a wrong type"},
      {"/trials/0/requested/llm.primary/n_threads", "trials[0]: 'requested': "},
      {"/trials/0/outcome/phase", "trials[0].outcome: 'phase' is 'not this', none of spawn, "}};
  for (const auto& [place, name] : wrong) {
    Json broken = good;
    broken[Json::json_pointer(place)] = place.ends_with("/also/0") ? Json(3) : Json("not this");
    const auto read = record::report_from_json(broken);
    ASSERT_FALSE(read) << place;
    EXPECT_EQ(read.error().kind, ErrorKind::protocol);
    EXPECT_NE(read.error().message.find(name), std::string::npos) << place << ": " << read.error().message;
  }
}

}  // namespace
}  // namespace mia
