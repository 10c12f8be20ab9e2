// SPDX-License-Identifier: MIT
#include "imports/history.h"

#include <gtest/gtest.h>

namespace mia::imports {
namespace {

store::ImportedCall call(const std::string& id, const std::string& measured, double mean, const std::string& fields) {
  store::ImportedCall result;
  result.id = id;
  result.tool = "llama-bench";
  result.row.test = "tg128";
  result.row.metric = "decode_tok_s";
  result.row.model = "models/m.gguf";
  result.row.machine = "A processor";
  result.row.measured = measured;
  result.row.mean = mean;
  result.row.fields_json = fields;
  return result;
}

TEST(ImportedHistory, GoesOverBuildsAndKeepsSettingsApart) {
  const std::vector<store::ImportedCall> calls = {
      call("f:1", "2026-01-01T00:00:00Z", 10, R"({"build_commit":"a","mla_attn":0})"),
      call("f:2", "2026-01-02T00:00:00Z", 11, R"({"build_commit":"b","mla_attn":0})"),
      call("f:3", "2026-01-03T00:00:00Z", 12, R"({"build_commit":"b","mla_attn":2})"),
      call("g:1", "2026-01-02T00:00:00Z", 11, R"({"build_commit":"b","mla_attn":0})"),  // the same measurement
  };
  const auto series = history_of(calls, {});
  ASSERT_EQ(series.size(), 2U);
  EXPECT_EQ(series[0].label, "tg128 mla_attn=0");
  EXPECT_EQ(series[0].tool, "llama-bench");
  ASSERT_EQ(series[0].points.size(), 2U);
  EXPECT_EQ(series[0].points[1].session, "f:2");
  EXPECT_EQ(series[1].label, "tg128 mla_attn=2");
  EXPECT_NE(series[0].configuration, series[1].configuration);
  store::SeriesFilter filter;
  filter.model = "m.gguf";
  filter.since = "2026-01-02";
  EXPECT_EQ(history_of(calls, filter).at(0).points.size(), 1U);
  filter.machine = "another";
  EXPECT_TRUE(history_of(calls, filter).empty());
}

}  // namespace
}  // namespace mia::imports
