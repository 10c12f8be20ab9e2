// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>
#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>

#include "store/schema.h"
#include "support.h"

namespace mia::store {
namespace {
using namespace testing;  // NOLINT: test helpers

record::Comparison sample_comparison(const std::string& id, const std::string& started = "2026-01-01T00:00:00Z") {
  record::Comparison comparison;
  comparison.session = id;
  comparison.started = started;
  comparison.finished = "2026-01-01T00:05:00Z";
  comparison.complete = true;
  comparison.tool_version = "0.1.0";
  comparison.machine.fingerprint = "machine-1";
  comparison.a.label = "runtime:old";
  comparison.b.label = "runtime:new'; drop table comparison; --";
  comparison.a.model = sample_model("smol");
  comparison.verdict = record::Verdict::slower;
  comparison.epochs = 5;
  comparison.pairs = 40;
  comparison.sentence = "runtime:new is slower";
  record::PairEpoch& epoch = comparison.epoch_table.emplace_back();
  record::RunPair& pair = epoch.pairs.emplace_back();
  pair.a.run = sample_run(16);
  pair.b.run = sample_run(17);
  return comparison;
}

TEST(Comparisons, AreReadAsTheyWereWritten) {
  const TempDir dir;
  const record::Comparison written = sample_comparison("20260101-000000-aaaa");
  ASSERT_TRUE(must_open(dir.file()).add_comparison(written));
  Store store = must_open(dir.file());
  for (const char* const name : {"20260101-000000-aaaa", "2026", "last"}) {
    const auto read = store.comparison(name);
    ASSERT_TRUE(read) << read.error().text();
    EXPECT_EQ(record::to_json(*read), record::to_json(written)) << name;
  }
  const auto rows = store.comparisons();
  ASSERT_EQ(rows->size(), 1U);
  EXPECT_EQ(rows->front().b, written.b.label);
  EXPECT_EQ(rows->front().verdict, "slower");
  EXPECT_EQ(rows->front().state, "complete");
  EXPECT_EQ(rows->front().pairs, 40);
  EXPECT_EQ(rows->front().machine, "machine-1");
}

TEST(Comparisons, NoneIsOverwritten) {
  const TempDir dir;
  Store store = must_open(dir.file());
  ASSERT_TRUE(store.add_comparison(sample_comparison("c1")));
  record::Comparison other = sample_comparison("c1");
  other.verdict = record::Verdict::faster;
  const Status again = store.add_comparison(other);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().kind, ErrorKind::usage);
  EXPECT_EQ(store.comparison("c1")->verdict, record::Verdict::slower);
  EXPECT_FALSE(store.add_comparison(sample_comparison(""))) << "an id is needed";
}

TEST(Comparisons, TheLatestComesFirstAndNamesMustBeClear) {
  const TempDir dir;
  Store store = must_open(dir.file());
  EXPECT_EQ(store.comparison("last").error().kind, ErrorKind::not_found);
  ASSERT_TRUE(store.add_comparison(sample_comparison("c2", "2026-01-02T00:00:00Z")));
  ASSERT_TRUE(store.add_comparison(sample_comparison("c1", "2026-01-01T00:00:00Z")));
  EXPECT_EQ(store.comparison("last")->session, "c2");
  EXPECT_EQ(store.comparisons()->front().id, "c2");
  EXPECT_EQ(store.comparisons(1)->size(), 1U);
  EXPECT_NE(store.comparison("c").error().message.find("several comparisons: c1, c2"), std::string::npos);
  EXPECT_NE(store.comparison("x").error().message.find("no comparison 'x'"), std::string::npos);
}

TEST(Comparisons, HowTheyEndedIsTheirState) {
  const TempDir dir;
  Store store = must_open(dir.file());
  record::Comparison cut = sample_comparison("cut");
  cut.complete = false;
  record::Comparison failed = sample_comparison("failed");
  failed.outcome.kind = record::OutcomeKind::crashed;
  ASSERT_TRUE(store.add_comparison(cut));
  ASSERT_TRUE(store.add_comparison(failed));
  const auto rows = store.comparisons();
  ASSERT_EQ(rows->size(), 2U);
  for (const ComparisonRow& row : *rows) {
    EXPECT_EQ(row.state, row.id == "cut" ? "interrupted" : "failed");
  }
}

TEST(Comparisons, AnOlderStoreLearnsToKeepThem) {
  const TempDir dir;
  {
    soci::session sql(soci::sqlite3, dir.file().string());
    migrate(sql, migrations().first(1));
    sql << "insert into accepted (model_key, machine, scenario, session, accepted, reason, report_json)"
           " values ('m', 'x', 's', 'old', '2026-01-01', 'why', '{}')";
  }
  Store store = must_open(dir.file());
  EXPECT_TRUE(store.comparisons()->empty());
  EXPECT_EQ(store.baselines()->size(), 1U) << "what was there stays";
  ASSERT_TRUE(store.add_comparison(sample_comparison("c1")));
  EXPECT_EQ(store.comparisons()->size(), 1U);
}

TEST(Comparisons, WhatCannotBeReadIsDamageOfTheStore) {
  const TempDir dir;
  ASSERT_TRUE(must_open(dir.file()).add_comparison(sample_comparison("c1")));
  {
    soci::session sql(soci::sqlite3, dir.file().string());
    sql << "update comparison set comparison_json = '{\"kind\": 7}'";
  }
  const auto read = must_open(dir.file()).comparison("c1");
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().kind, ErrorKind::store);
  EXPECT_NE(read.error().message.find("comparison 'c1'"), std::string::npos) << read.error().text();
}

}  // namespace
}  // namespace mia::store
