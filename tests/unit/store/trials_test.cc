// SPDX-License-Identifier: MIT
#include <algorithm>
#include <limits>

#include <gtest/gtest.h>
#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>

#include "record/metrics.h"
#include "support.h"

namespace mia::store {
namespace {
using namespace testing;               // NOLINT: test helpers
using namespace std::string_literals;  // NOLINT: texts with NUL

class Trials : public ::testing::Test {
 protected:
  Trials() : store_(must_open(dir_.file())) { EXPECT_TRUE(store_.begin_session(sample_session("s1"))); }

  // What is read by another connection.
  std::vector<record::Trial> read() {
    auto trials = must_open(dir_.file()).trials("s1");
    EXPECT_TRUE(trials) << trials.error().text();
    return trials.value_or({});
  }

  TempDir dir_;
  Store store_;
};

TEST_F(Trials, ComeBackAsTheyWere) {
  record::Trial full = sample_trial("s1", 1, 1024);
  full.conditions.voided_by = {"steal"};
  full.outcome.kind = record::OutcomeKind::crashed;
  full.outcome.signal = 11;
  full.outcome.phase = record::Phase::generate;
  full.buffers.push_back({"CPU", "kv", 4096});
  record::Trial bare;
  bare.id = "s1/0";
  ASSERT_TRUE(store_.add_trial("s1", full));
  ASSERT_TRUE(store_.add_trial("s1", bare));
  const auto trials = read();
  ASSERT_EQ(trials.size(), 2U);
  EXPECT_EQ(text_of(trials[0]), text_of(bare)) << "in the order of positions";
  EXPECT_EQ(text_of(trials[1]), text_of(full));
  EXPECT_EQ(trials[1].runs.at(1).token_ns, full.runs.at(1).token_ns);
  EXPECT_EQ(text_of(*store_.trial("s1", full.id)), text_of(full));
  EXPECT_EQ(store_.trial("s1", "s1/7").error().kind, ErrorKind::not_found);
  EXPECT_EQ(store_.trial("s7", full.id).error().kind, ErrorKind::not_found);
}

TEST_F(Trials, KeepTheirTokenTimesOnceAndWhereSqlReachesThem) {
  ASSERT_TRUE(store_.add_trial("s1", sample_trial("s1", 0, 64)));
  soci::session sql(soci::sqlite3, dir_.file().string());
  long long in_json = -1;
  long long in_table = -1;
  sql << "select sum(json_array_length(value, '$.token_ns')) from trial_json j, json_each(j.json, '$.runs')",
      soci::into(in_json);
  sql << "select json_extract(token_ns, '$[63]') from run where n = 1", soci::into(in_table);
  EXPECT_EQ(in_json, 0);
  EXPECT_EQ(in_table, sample_run(64).token_ns.at(63));
}

TEST_F(Trials, KeepHostileTexts) {
  const std::string hostile = "'; DROP TABLE trial; --\"\\\n\t<script>\xE2\x82\xAC\xF0\x9F\x90\xA2 a\0b"s;
  record::Trial trial = sample_trial("s1", 0);
  trial.id = hostile;
  trial.cell = hostile;
  trial.requested.llm.id = hostile;
  trial.requested.workload.prompt = hostile + std::string(std::size_t{1} << 20U, 'x');
  trial.runs[1].text = hostile;
  trial.facts[hostile] = hostile;
  trial.log_tail = hostile;
  ASSERT_TRUE(store_.add_trial("s1", trial));
  const auto trials = read();
  ASSERT_EQ(trials.size(), 1U);
  EXPECT_EQ(trials[0].id, hostile);
  EXPECT_EQ(text_of(trials[0]), text_of(trial));
  EXPECT_EQ(store_.trial_conditions("s1")->at(0).cell, hostile);
  EXPECT_EQ(store_.add_trial("s1", trial).error().kind, ErrorKind::usage) << "a NUL does not end an id";
  EXPECT_EQ(*store_.check(), "");
}

TEST_F(Trials, OfASessionWithAHostileNameAreFound) {
  const std::string hostile = "a'b\"c\0d%_"s + std::string(std::size_t{1} << 20U, 'y');
  Session session = sample_session(hostile);
  session.row.title = hostile;
  session.models[0].id = hostile;
  ASSERT_TRUE(store_.begin_session(session));
  ASSERT_TRUE(store_.add_trial(hostile, sample_trial("x", 0)));
  EXPECT_EQ(store_.trials(hostile)->size(), 1U);
  EXPECT_EQ(store_.session(hostile)->row.title, hostile);
  EXPECT_EQ(store_.session(hostile)->models.at(0).id, hostile);
  EXPECT_EQ(store_.series("load_ms")->at(0).model, hostile);
}

TEST_F(Trials, ReplaceWhatIsNotUtf8) {
  record::Trial trial = sample_trial("s1", 0);
  trial.log_tail = "before\xFF\xC3(after";
  ASSERT_TRUE(store_.add_trial("s1", trial));
  EXPECT_EQ(read().at(0).log_tail, "before\xEF\xBF\xBD\xEF\xBF\xBD(after");
}

TEST_F(Trials, AreRefusedTwiceAndAllOrNone) {
  ASSERT_TRUE(store_.add_trial("s1", sample_trial("s1", 0)));
  EXPECT_EQ(store_.add_trial("s1", sample_trial("s1", 0)).error().kind, ErrorKind::usage);
  const std::vector<record::Trial> batch = {sample_trial("s1", 1), sample_trial("s1", 2), sample_trial("s1", 0)};
  EXPECT_EQ(store_.add_trials("s1", batch).error().kind, ErrorKind::usage);
  EXPECT_EQ(read().size(), 1U);
  ASSERT_TRUE(store_.add_trials("s1", std::span(batch).first(2)));
  EXPECT_EQ(read().size(), 3U);
  EXPECT_EQ(store_.session("s1")->row.trials, 3);
}

TEST_F(Trials, WithoutIdOrWithStampsMissingAreRefused) {
  record::Trial trial = sample_trial("s1", 0);
  trial.id.clear();
  EXPECT_EQ(store_.add_trial("s1", trial).error().kind, ErrorKind::usage);
  trial = sample_trial("s1", 0);
  trial.runs[1].tokens_out += 1;
  EXPECT_EQ(store_.add_trial("s1", trial).error().kind, ErrorKind::usage);
  EXPECT_EQ(store_.add_trial("nobody", sample_trial("s1", 0)).error().kind, ErrorKind::not_found);
  EXPECT_EQ(store_.trials("nobody").error().kind, ErrorKind::not_found);
  EXPECT_TRUE(read().empty());
}

TEST_F(Trials, GiveTheirConditionsWithoutTheRest) {
  record::Trial failed = sample_trial("s1", 2);
  failed.outcome.kind = record::OutcomeKind::timed_out;
  failed.runs.clear();
  failed.conditions.voided_by = {"swap"};
  failed.warm_up_steady = !failed.warm_up_steady;
  const std::vector<record::Trial> written = {sample_trial("s1", 0, 8), sample_trial("s1", 1, 40), failed};
  ASSERT_TRUE(store_.add_trials("s1", written));
  const auto trials = must_open(dir_.file()).trial_conditions("s1");
  ASSERT_TRUE(trials) << trials.error().text();
  ASSERT_EQ(trials->size(), written.size());
  for (std::size_t i = 0; i < written.size(); ++i) {
    const record::Trial& trial = trials->at(i);
    EXPECT_EQ(trial.id, written[i].id);
    EXPECT_EQ(trial.cell, written[i].cell);
    EXPECT_EQ(trial.repeat, written[i].repeat);
    EXPECT_EQ(trial.position, written[i].position);
    EXPECT_EQ(trial.started, written[i].started);
    EXPECT_EQ(trial.outcome.kind, written[i].outcome.kind);
    EXPECT_EQ(record::to_json(trial).at("conditions"), record::to_json(written[i]).at("conditions"));
    EXPECT_EQ(trial.warm_up_steady, written[i].warm_up_steady);
    EXPECT_EQ(std::ranges::count(trial.runs, true, &record::Run::warm_up),
              std::ranges::count(written[i].runs, true, &record::Run::warm_up));
  }
  EXPECT_EQ(store_.trial_conditions("nobody").error().kind, ErrorKind::not_found);
}

TEST_F(Trials, KeepNoValueThatIsNotANumber) {
  record::Trial trial = sample_trial("s1", 2);
  trial.phases.load_ms = std::numeric_limits<double>::quiet_NaN();
  ASSERT_TRUE(store_.add_trial("s1", trial));
  EXPECT_TRUE(store_.series("load_ms")->empty());
  EXPECT_EQ(store_.series("peak_rss_bytes")->at(0).points.at(0).value, 123456789.0);
}

}  // namespace
}  // namespace mia::store
