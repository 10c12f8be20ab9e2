// SPDX-License-Identifier: MIT
// The schema file is written by hand; the tables of the program are not. Here they meet.
#include <set>

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/files.h"
#include "record/metrics.h"
#include "record/outcome.h"
#include "report/json.h"
#include "samples.h"

namespace mia {
namespace {

Json schema() {
  const auto text = read_file(std::filesystem::path(MIA_SOURCE_DIR) / "schemas" / "report-v2.schema.json");
  EXPECT_TRUE(text) << text.error().text();
  const auto json = parse_json(text.value_or("{}"));
  EXPECT_TRUE(json) << json.error().text();
  return json.value_or(Json::object());
}

TEST(Schema, DescribesEveryMemberAtTheTop) {
  const Json known = schema().at("properties");
  for (const record::Report& report : {samples::baseline(), samples::probe()}) {
    const Json document = report::to_document(report);
    for (const auto& [name, value] : document.items()) {
      EXPECT_TRUE(known.contains(name)) << "add '" << name << "' to schemas/report-v2.schema.json";
    }
  }
}

TEST(Schema, HasEveryMetricWithItsUnit) {
  const Json known = schema().at("properties");
  for (const record::Metric& metric : record::metrics()) {
    ASSERT_TRUE(known.contains(metric.name)) << "add '" << metric.name << "' to schemas/report-v2.schema.json";
    EXPECT_FALSE(known.at(std::string(metric.name)).empty());
  }
}

TEST(Schema, KnowsEveryOutcome) {
  const auto kinds =
      schema().at("$defs").at("outcome").at("properties").at("kind").at("enum").get<std::set<std::string>>();
  for (const auto kind : {record::OutcomeKind::ok, record::OutcomeKind::crashed, record::OutcomeKind::timed_out,
                          record::OutcomeKind::out_of_memory, record::OutcomeKind::refused,
                          record::OutcomeKind::invalid, record::OutcomeKind::cancelled}) {
    EXPECT_TRUE(kinds.contains(std::string(record::name_of(kind)))) << record::name_of(kind);
  }
  EXPECT_EQ(schema().at("properties").at("schema").at("const"), record::kReportSchema);
}

}  // namespace
}  // namespace mia
