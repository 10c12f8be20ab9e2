// SPDX-License-Identifier: MIT
#include <functional>

#include <gtest/gtest.h>

#include "support.h"

namespace mia::store {
namespace {
using namespace testing;  // NOLINT: test helpers

class History : public ::testing::Test {
 protected:
  History() : store_(must_open(dir_.file())) {}

  // One session with one trial whose load_ms is `load_ms`.
  void add(const std::string& id, const std::string& started, double load_ms,
           const std::function<void(Session&, record::Trial&)>& change = {}) {
    Session session = sample_session(id, started);
    record::Trial trial = sample_trial(id, 0);
    trial.started = started;
    trial.phases.load_ms = load_ms;
    if (change) {
      change(session, trial);
    }
    ASSERT_TRUE(store_.begin_session(session));
    const Status added = store_.add_trial(id, trial);
    ASSERT_TRUE(added) << added.error().text();
  }

  // "model machine label: value value; ..."
  std::string shown(const SeriesFilter& filter = {}) {
    std::string text;
    const auto series = store_.series("load_ms", filter);
    EXPECT_TRUE(series) << series.error().text();
    for (const Series& one : *series) {
      text += one.model + " " + one.machine + " " + one.label + ":";
      for (const SeriesPoint& point : one.points) {
        text += fmt::format(" {}", point.value);
      }
      text += "; ";
    }
    return text;
  }

  TempDir dir_;
  Store store_;
};

TEST_F(History, IsOrderedByTimeNotByArrival) {
  add("s2", "2026-01-02T00:00:00Z", 2);
  add("s10", "2026-01-10T00:00:00Z", 10);
  add("s1", "2025-12-31T23:59:59Z", 1);
  EXPECT_EQ(shown(), "smol machine-1 n_threads=2: 1 2 10; ");
  const auto series = store_.series("load_ms");
  const SeriesPoint& first = series->at(0).points.at(0);
  EXPECT_EQ(first.session, "s1");
  EXPECT_EQ(first.trial, "s1/0");
  EXPECT_EQ(first.started, "2025-12-31T23:59:59Z");
  EXPECT_EQ(first.runtime, "stock 0.5.0 abc123");
  EXPECT_EQ(series->at(0).model_hash, "hash-of-smol");
  EXPECT_EQ(series->at(0).configuration, configuration_key(sample_trial("s1", 0).requested));
  EXPECT_EQ(shown({.model = {}, .machine = {}, .configuration = {}, .scenario = {}, .since = "2026-01-02T00:00:00Z"}),
            "smol machine-1 n_threads=2: 2 10; ");
}

TEST_F(History, HasNoTrialThatDoesNotCount) {
  add("ok", "2026-01-01T00:00:00Z", 1);
  add("void", "2026-01-02T00:00:00Z", 2,
      [](Session&, record::Trial& trial) { trial.conditions.voided_by = {"steal"}; });
  add("crash", "2026-01-03T00:00:00Z", 3,
      [](Session&, record::Trial& trial) { trial.outcome.kind = record::OutcomeKind::crashed; });
  add("unknown", "2026-01-04T00:00:00Z", 4, [](Session&, record::Trial& trial) { trial.phases.load_ms.reset(); });
  EXPECT_EQ(shown(), "smol machine-1 n_threads=2: 1; ");
}

TEST_F(History, KeepsModelsMachinesAndConfigurationsApart) {
  add("base", "2026-01-01T00:00:00Z", 1);
  add("model", "2026-01-02T00:00:00Z", 2, [](Session& session, record::Trial& trial) {
    session.models = {sample_model("other"), sample_model("smol")};
    trial.requested.llm.id = "/models/other.gguf";  // by path
  });
  add("machine", "2026-01-03T00:00:00Z", 3,
      [](Session& session, record::Trial&) { session.row.machine = "machine-2"; });
  add("threads", "2026-01-04T00:00:00Z", 4, [](Session&, record::Trial& trial) { trial.requested.llm.n_threads = 8; });
  add("scenario", "2026-01-05T00:00:00Z", 5,
      [](Session& session, record::Trial&) { session.row.scenario = "cpu-tuning"; });
  EXPECT_EQ(shown(),
            "smol machine-1 n_threads=2: 1 5; other machine-1 n_threads=2: 2; smol machine-2 n_threads=2: 3; "
            "smol machine-1 n_threads=8: 4; ");
  EXPECT_EQ(shown({.model = "other", .machine = {}, .configuration = {}, .scenario = {}, .since = {}}),
            "other machine-1 n_threads=2: 2; ");
  EXPECT_EQ(shown({.model = "hash-of-other", .machine = {}, .configuration = {}, .scenario = {}, .since = {}}),
            "other machine-1 n_threads=2: 2; ");
  EXPECT_EQ(shown({.model = {}, .machine = "machine-2", .configuration = {}, .scenario = {}, .since = {}}),
            "smol machine-2 n_threads=2: 3; ");
  EXPECT_EQ(shown({.model = {}, .machine = {}, .configuration = {}, .scenario = "cpu-tuning", .since = {}}),
            "smol machine-1 n_threads=2: 5; ");
  record::Settings eight = sample_trial("x", 0).requested;
  eight.llm.n_threads = 8;
  EXPECT_EQ(shown({.model = {}, .machine = {}, .configuration = configuration_key(eight), .scenario = {}, .since = {}}),
            "smol machine-1 n_threads=8: 4; ");
  EXPECT_EQ(shown({.model = "", .machine = {}, .configuration = {}, .scenario = {}, .since = {}}), "");
}

TEST_F(History, TheNewestPointsOfOneSubject) {
  add("s3", "2026-01-03T00:00:00Z", 3);
  add("s1", "2026-01-01T00:00:00Z", 1);
  add("s2", "2026-01-02T00:00:00Z", 2);
  add("void", "2026-01-04T00:00:00Z", 4,
      [](Session&, record::Trial& trial) { trial.conditions.voided_by = {"steal"}; });
  add("threads", "2026-01-05T00:00:00Z", 5, [](Session&, record::Trial& trial) { trial.requested.llm.n_threads = 8; });
  add("renamed", "2026-01-06T00:00:00Z", 6, [](Session& session, record::Trial& trial) {
    session.models[0].id = "other-name";  // the same file
    trial.requested.llm.id = "other-name";
  });
  const SubjectKey subject{"machine-1", "hash-of-smol", configuration_key(sample_trial("s1", 0).requested)};
  const auto values = [&](const SubjectKey& key, std::int64_t most) {
    std::string text;
    const auto points = store_.newest_points("load_ms", key, most);
    EXPECT_TRUE(points) << points.error().text();
    for (const SeriesPoint& point : *points) {
      text += fmt::format("{}={} ", point.session, point.value);
    }
    return text;
  };
  EXPECT_EQ(values(subject, 10), "s1=1 s2=2 s3=3 renamed=6 ");
  EXPECT_EQ(values(subject, 2), "s3=3 renamed=6 ");
  EXPECT_EQ(values({"machine-2", subject.model_hash, subject.configuration}, 10), "");
  EXPECT_EQ(values({subject.machine, "", subject.configuration}, 10), "");
  EXPECT_FALSE(store_.newest_points("load_mss", subject, 10));
}

TEST_F(History, WhatIsForgottenCountsNowhere) {
  add("s1", "2026-01-01T00:00:00Z", 1);
  add("s2", "2026-01-02T00:00:00Z", 2);
  const SubjectKey subject{"machine-1", "hash-of-smol", configuration_key(sample_trial("s1", 0).requested)};
  ASSERT_TRUE(store_.forget("s1", "a backup ran"));
  EXPECT_EQ(shown(), "smol machine-1 n_threads=2: 2; ");
  EXPECT_EQ(store_.newest_points("load_ms", subject, 10)->size(), 1U);
  EXPECT_EQ(store_.forgotten()->at(0).id, "s1");
  ASSERT_TRUE(store_.forget("s1", ""));
  EXPECT_EQ(shown(), "smol machine-1 n_threads=2: 1 2; ");
  EXPECT_EQ(store_.newest_points("load_ms", subject, 10)->size(), 2U);
}

TEST_F(History, NamesTheMetricThatIsMeant) {
  const auto wrong = store_.series("load_mss");
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().kind, ErrorKind::usage);
  EXPECT_NE(wrong.error().text().find("did you mean 'load_ms'"), std::string::npos) << wrong.error().text();
  EXPECT_TRUE(store_.series("load_ms")->empty());
}

TEST(ConfigurationKey, IsOfWhatDecidesTheSpeed) {
  const record::Settings base = record::default_settings();
  const std::string key = configuration_key(base);
  const auto changed = [&](const std::function<void(record::Settings&)>& change) {
    record::Settings settings = base;
    change(settings);
    return configuration_key(settings) != key;
  };
  EXPECT_TRUE(changed([](auto& s) { s.llm.n_threads = 3; }));
  EXPECT_TRUE(changed([](auto& s) { s.workload.max_tokens = 999; }));
  EXPECT_TRUE(changed([](auto& s) { s.workload.prompt = "another prompt"; }));
  EXPECT_TRUE(changed([](auto& s) { s.run.cache = s.run.cache == "cold" ? "warm" : "cold"; }));
  EXPECT_FALSE(changed([](auto& s) { s.llm.id = "another-model"; }));
  EXPECT_FALSE(changed([](auto& s) { s.workload.name = "another-name"; }));
  EXPECT_FALSE(changed([](auto& s) { s.run.repeats = 99; }));
  EXPECT_FALSE(changed([](auto& s) { s.run.runtime = "other"; }));
  EXPECT_FALSE(changed([](auto& s) { s.thresholds.load_ms_max = 1; }));
  EXPECT_EQ(configuration_label(base), "defaults");
  record::Settings longer = base;
  longer.workload.prompt = std::string(std::size_t{1} << 20U, 'p');
  EXPECT_LE(configuration_label(longer).size(), 200U);
}

}  // namespace
}  // namespace mia::store
