// SPDX-License-Identifier: MIT
#include <limits>

#include <gtest/gtest.h>

#include "support.h"

namespace mia::store {
namespace {
using namespace testing;  // NOLINT: test helpers

record::Report sample_report(const std::string& scenario, const std::string& session) {
  record::Report report;
  report.scenario = scenario;
  report.session = session;
  report.complete = true;
  report.machine.fingerprint = "machine-1";
  report.models = {sample_model("smol")};
  report.trials = {sample_trial(session, 0)};
  record::CellReport cell;
  cell.key = "a";
  cell.metrics["load_ms"] = {
      .value = 12.5, .low = {}, .high = {}, .level = {}, .least = {}, .most = {}, .n = 1, .null_reason = ""};
  report.cells = {cell};
  return report;
}

TEST(Baselines, AreTheLastAcceptedOfModelMachineAndScenario) {
  const TempDir dir;
  Store store = must_open(dir.file());
  EXPECT_FALSE(store.baseline("hash-of-smol", "machine-1", "smoke")->has_value());
  const record::Report first = sample_report("smoke", "s1");
  const record::Report second = sample_report("smoke", "s2");
  const record::Report other = sample_report("latency", "s3");
  ASSERT_TRUE(store.accept(first, "first"));
  ASSERT_TRUE(store.accept(second, "it's \"faster\""));
  ASSERT_TRUE(store.accept(other, ""));
  const auto read = store.baseline("hash-of-smol", "machine-1", "smoke");
  ASSERT_TRUE(read) << read.error().text();
  ASSERT_TRUE(read->has_value());
  EXPECT_EQ(text_of(**read), text_of(second)) << "with its trials";
  EXPECT_FALSE(store.baseline("hash-of-smol", "machine-2", "smoke")->has_value());
  EXPECT_FALSE(store.baseline("hash-of-other", "machine-1", "smoke")->has_value());
  const auto rows = store.baselines();
  ASSERT_EQ(rows->size(), 2U);
  EXPECT_EQ(rows->at(0).scenario, "latency");
  EXPECT_EQ(rows->at(1).session, "s2");
  EXPECT_EQ(rows->at(1).reason, "it's \"faster\"");
  EXPECT_EQ(rows->at(1).model_key, "hash-of-smol");
}

TEST(Baselines, SurviveTheirSession) {
  const TempDir dir;
  Store store = must_open(dir.file());
  ASSERT_TRUE(store.begin_session(sample_session("s1")));
  ASSERT_TRUE(store.accept(sample_report("smoke", "s1"), ""));
  ASSERT_TRUE(store.remove_session("s1"));
  EXPECT_TRUE(store.baseline("hash-of-smol", "machine-1", "smoke")->has_value());
}

TEST(Baselines, OfSeveralModelsAreKeyedByAllOfThem) {
  const TempDir dir;
  Store store = must_open(dir.file());
  record::Report report = sample_report("quant-compare", "s1");
  report.models = {sample_model("a"), sample_model("b")};
  ASSERT_TRUE(store.accept(report, ""));
  EXPECT_TRUE(store.baseline(model_key(report.models), "machine-1", "quant-compare")->has_value());
  EXPECT_FALSE(store.baseline("hash-of-a", "machine-1", "quant-compare")->has_value());
}

TEST(Baselines, NeedToSayWhatTheyAreOf) {
  const TempDir dir;
  Store store = must_open(dir.file());
  record::Report report = sample_report("smoke", "s1");
  report.models.clear();
  EXPECT_EQ(store.accept(report, "").error().kind, ErrorKind::usage);
  report = sample_report("smoke", "s1");
  report.machine.fingerprint.clear();
  EXPECT_EQ(store.accept(report, "").error().kind, ErrorKind::usage);
  EXPECT_EQ(store.accept(sample_report("", "s1"), "").error().kind, ErrorKind::usage);
  EXPECT_TRUE(store.baselines()->empty());
}

ImportedSamples sample_import(const std::string& id) {
  ImportedSamples samples;
  samples.file = {.id = id,
                  .source = "/tmp/it's.jsonl",
                  .tool = "llama-bench",
                  .format = "jsonl",
                  .imported = "2026-01-01T00:00:00Z",
                  .rows = 0,
                  .notes = {"passed over: \"x\""}};
  ImportedRow pp{.test = "pp512",
                 .metric = "prefill_tok_s",
                 .unit = "tok/s",
                 .model = "m\".gguf",
                 .machine = "cpu",
                 .runtime = "b1234",
                 .measured = "2025-01-01T00:00:00Z",
                 .samples = {1.0 / 3, 2e-300, 12345.678},
                 .mean = 1.5,
                 .stddev = {},
                 .problem = "stddev_ts is '-nan'",
                 .settings = {},
                 .fields_json = R"({"unknown_field":[1,null],"n":1})"};
  pp.settings.llm.n_threads = 4;
  ImportedRow tg = pp;
  tg.test = "tg128 @ d4096";
  tg.samples.clear();
  tg.mean.reset();
  tg.stddev = 0.25;
  samples.rows = {pp, tg};
  return samples;
}

TEST(Imports, ComeBackAsTheyWereAndOnce) {
  const TempDir dir;
  Store store = must_open(dir.file());
  const ImportedSamples written = sample_import("f1");
  ASSERT_TRUE(*store.add_import(written));
  EXPECT_FALSE(*store.add_import(written)) << "the same file again";
  ASSERT_TRUE(*store.add_import(sample_import("f2")));
  const auto read = must_open(dir.file()).imported("f1");
  ASSERT_TRUE(read) << read.error().text();
  EXPECT_EQ(read->file.source, written.file.source);
  EXPECT_EQ(read->file.rows, 2);
  EXPECT_EQ(read->file.notes, written.file.notes);
  EXPECT_EQ(read->file.started, "2025-01-01T00:00:00Z");
  ASSERT_EQ(read->rows.size(), 2U);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(read->rows[i].test, written.rows[i].test);
    EXPECT_EQ(read->rows[i].metric, written.rows[i].metric);
    EXPECT_EQ(read->rows[i].model, written.rows[i].model);
    EXPECT_EQ(read->rows[i].runtime, written.rows[i].runtime);
    EXPECT_EQ(read->rows[i].measured, written.rows[i].measured);
    EXPECT_EQ(read->rows[i].samples, written.rows[i].samples) << "to the last bit";
    EXPECT_EQ(read->rows[i].mean, written.rows[i].mean);
    EXPECT_EQ(read->rows[i].stddev, written.rows[i].stddev);
    EXPECT_EQ(read->rows[i].problem, written.rows[i].problem);
    EXPECT_EQ(read->rows[i].settings.llm.n_threads, 4);
    EXPECT_EQ(Json::parse(read->rows[i].fields_json), Json::parse(written.rows[i].fields_json));
  }
  EXPECT_EQ(store.imports()->size(), 2U);
  EXPECT_EQ(store.imports()->at(0).id, "f2");
  EXPECT_EQ(store.imported("f3").error().kind, ErrorKind::not_found);
}

TEST(Imports, TheirCallsAreHistoryUntilForgotten) {
  const TempDir dir;
  Store store = must_open(dir.file());
  ASSERT_TRUE(*store.add_import(sample_import("f1")));
  ASSERT_TRUE(*store.add_import(sample_import("f2")));
  const auto ids = [&] {
    std::string text;
    const auto calls = store.imported_calls("prefill_tok_s");
    EXPECT_TRUE(calls) << calls.error().text();
    for (const ImportedCall& call : *calls) {
      text += call.id + " ";
    }
    return text;
  };
  EXPECT_EQ(ids(), "f1:1 f2:1 ") << "a row without a mean has no place in it";
  EXPECT_EQ(*store.countable("f1"), "f1");
  EXPECT_EQ(*store.countable("f1:1"), "f1:1");
  EXPECT_EQ(store.countable("f").error().kind, ErrorKind::usage);
  EXPECT_EQ(store.countable("f1:9").error().kind, ErrorKind::not_found);
  EXPECT_EQ(store.countable("").error().kind, ErrorKind::not_found);
  ASSERT_TRUE(store.forget("f1:1", "throttled"));
  EXPECT_EQ(ids(), "f2:1 ");
  ASSERT_TRUE(store.forget("f2", "another machine"));
  EXPECT_EQ(ids(), "");
  EXPECT_EQ(store.forgotten()->size(), 2U);
  EXPECT_EQ(store.forgotten()->at(0).reason, "throttled");
  ASSERT_TRUE(store.forget("f2", ""));
  EXPECT_EQ(ids(), "f2:1 ");
}

TEST(Imports, RefuseValuesThatAreNone) {
  const TempDir dir;
  Store store = must_open(dir.file());
  ImportedSamples samples = sample_import("f1");
  samples.rows[1].samples = {1.0, std::numeric_limits<double>::infinity()};
  EXPECT_EQ(store.add_import(samples).error().kind, ErrorKind::usage);
  samples = sample_import("f1");
  samples.rows[0].fields_json = "not json";
  EXPECT_FALSE(store.add_import(samples));
  EXPECT_EQ(store.add_import(sample_import("")).error().kind, ErrorKind::usage);
  EXPECT_TRUE(store.imports()->empty());
}

}  // namespace
}  // namespace mia::store
