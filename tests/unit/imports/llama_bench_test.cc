// SPDX-License-Identifier: MIT
#include "imports/llama_bench.h"

#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/files.h"
#include "base/json.h"
#include "base/text.h"
#include "record/fields.h"

namespace mia::imports {
namespace {

store::ImportedSamples must_read(const std::string& name) {
  const auto text = read_file(std::string(MIA_SOURCE_DIR "/tests/fixtures/llama-bench/") + name);
  EXPECT_TRUE(text) << text.error().text();
  auto samples = read_llama_bench(*text, name);
  EXPECT_TRUE(samples) << samples.error().text();
  return samples ? std::move(*samples) : store::ImportedSamples{};
}

std::string setting(const store::ImportedRow& row, const std::string& key) {
  return record::to_text(record::get(row.settings, *record::find_field(key)));
}

std::string error_of(const std::string& text) {
  const auto samples = read_llama_bench(text, "file");
  EXPECT_FALSE(samples) << text;
  EXPECT_TRUE(samples || samples.error().kind == ErrorKind::usage);
  return samples ? "" : samples.error().text();
}

TEST(LlamaBench, EveryFormatOfAGenerationSaysTheSame) {
  for (const std::string generation : {"gen2023", "gen2025", "gen2025-depth", "real2026"}) {
    const auto json = must_read(generation + ".json");
    for (const std::string format : {"json", "jsonl", "csv", "sql"}) {
      const auto read = must_read(generation + "." + format);
      EXPECT_EQ(read.file.format, format);
      EXPECT_EQ(read.file.tool, "llama-bench");
      EXPECT_EQ(read.file.rows, static_cast<std::int64_t>(json.rows.size()));
      ASSERT_EQ(read.rows.size(), json.rows.size()) << generation << format;
      for (std::size_t i = 0; i < json.rows.size(); ++i) {
        EXPECT_EQ(read.rows[i].test, json.rows[i].test);
        EXPECT_EQ(read.rows[i].metric, json.rows[i].metric);
        EXPECT_EQ(read.rows[i].model, json.rows[i].model);
        EXPECT_EQ(read.rows[i].machine, json.rows[i].machine);
        EXPECT_EQ(read.rows[i].runtime, json.rows[i].runtime);
        if (generation != "real2026") {  // four runs of the program, one for each format
          EXPECT_EQ(read.rows[i].measured, json.rows[i].measured);
          EXPECT_EQ(read.rows[i].mean, json.rows[i].mean);
          EXPECT_EQ(read.rows[i].stddev, json.rows[i].stddev);
        }
        EXPECT_EQ(record::to_json(read.rows[i].settings), record::to_json(json.rows[i].settings)) << format;
      }
    }
  }
}

TEST(LlamaBench, TheGenerationOf2023) {
  const auto read = must_read("gen2023.json");
  EXPECT_EQ(read.rows[0].test, "pp512");
  EXPECT_EQ(read.rows[0].metric, "prefill_tok_s");
  EXPECT_EQ(read.rows[0].samples, (std::vector<double>{310.25, 305.5, 312.75, 308.0, 309.5}));
  EXPECT_EQ(read.rows[1].test, "tg128");
  EXPECT_EQ(read.rows[1].metric, "decode_tok_s");
  EXPECT_EQ(*read.rows[1].mean, 41.2);
  EXPECT_EQ(read.rows[1].measured, "2023-10-01T10:00:20Z");
  EXPECT_EQ(read.rows[1].runtime, "1201 0a1b2c3");
  EXPECT_EQ(read.rows[1].machine, "A processor");
  EXPECT_EQ(setting(read.rows[1], "n_threads"), "8");
  EXPECT_EQ(setting(read.rows[1], "n_gpu_layers"), "99");
  EXPECT_EQ(setting(read.rows[1], "load_mode"), "auto");  // the file does not say
  EXPECT_TRUE(must_read("gen2023.csv").rows[0].samples.empty());
}

TEST(LlamaBench, TheGenerationOf2025) {
  const store::ImportedRow row = must_read("gen2025-depth.csv").rows.at(1);
  EXPECT_EQ(row.test, "tg128 @ d4096");
  EXPECT_EQ(row.machine, "A processor, A \"card\", 8 GB");
  EXPECT_EQ(setting(row, "load_mode"), "none");
  EXPECT_EQ(setting(row, "flash_attn"), "on");
  EXPECT_EQ(setting(row, "offload_kqv"), "false");
  EXPECT_EQ(setting(row, "cache_type_k"), "q8_0");
  const store::ImportedRow both = must_read("gen2025-depth.sql").rows.at(2);
  EXPECT_EQ(both.test, "pp512+tg128");
  EXPECT_EQ(both.metric, "total_tok_s");
}

TEST(LlamaBench, WhatTheProgramItselfWroteIn2026) {
  const auto read = must_read("real2026-depth.jsonl");
  std::string tests;
  for (const store::ImportedRow& row : read.rows) {
    tests += row.test + ", ";
    EXPECT_EQ(row.samples.size(), 2U);
    EXPECT_NEAR((row.samples[0] + row.samples[1]) / 2, *row.mean, 0.01);
    EXPECT_EQ(setting(row, "load_mode"), "none");
    EXPECT_EQ(setting(row, "flash_attn"), "on");
    EXPECT_EQ(setting(row, "offload_kqv"), "false");
    EXPECT_EQ(setting(row, "op_offload"), "true");
    EXPECT_EQ(setting(row, "n_gpu_layers"), "auto");
    EXPECT_EQ(setting(row, "n_cpu_moe"), "0");
    EXPECT_NE(row.fields_json.find("lazy_mode"), std::string::npos);
  }
  EXPECT_EQ(tests, "pp16, tg8, pp8+tg4, pp16 @ d32, tg8 @ d32, pp8+tg4 @ d32, ");
  EXPECT_EQ(setting(must_read("real2026.csv").rows[0], "load_mode"), "auto");
}

// A row as the newest program writes it, with `more` laid over.
std::string row_with(const std::string& more) {
  Json row = {{"n_prompt", 0}, {"n_gen", 32}, {"avg_ts", 10.5}};
  row.update(Json::parse(more));
  return "[" + dump_json(row) + "]";
}

TEST(LlamaBench, OldAndNewNamesOfTheSameThing) {
  const auto mode = [](const std::string& more, const char* key) {
    return setting(read_llama_bench(row_with(more), "x")->rows[0], key);
  };
  EXPECT_EQ(mode(R"({"load_mode": "mmap"})", "load_mode"), "mmap");
  EXPECT_EQ(mode(R"({"load_mode": "dio"})", "load_mode"), "direct");
  EXPECT_EQ(mode(R"({"load_mode": "mmap+mlock"})", "load_mode"), "mlock");
  EXPECT_EQ(mode(R"({"load_mode": "none", "use_mmap": true})", "load_mode"), "none");
  EXPECT_EQ(mode(R"({"use_mmap": 1})", "load_mode"), "mmap");
  EXPECT_EQ(mode(R"({"use_mmap": false})", "load_mode"), "none");
  EXPECT_EQ(mode(R"({"use_mmap": true, "use_direct_io": true})", "load_mode"), "direct");
  EXPECT_EQ(mode(R"({"flash_attn": -1})", "flash_attn"), "auto");
  EXPECT_EQ(mode(R"({"flash_attn": 0})", "flash_attn"), "off");
  EXPECT_EQ(mode(R"({"flash_attn": 1})", "flash_attn"), "on");
  EXPECT_EQ(mode(R"({"n_gpu_layers": -1})", "n_gpu_layers"), "auto");
  EXPECT_EQ(mode(R"({"n_cpu_moe": 3})", "n_cpu_moe"), "3");
  EXPECT_EQ(mode(R"({"no_op_offload": 1})", "op_offload"), "false");
  EXPECT_EQ(mode(R"({"tensor_buft_overrides": "none"})", "override_tensor"), "auto");
  EXPECT_EQ(mode(R"({"tensor_buft_overrides": "exps=CPU"})", "override_tensor"), "exps=CPU");
  EXPECT_EQ(mode(R"({"type_k": "some-new-type"})", "cache_type_k"), "auto");
}

TEST(LlamaBench, UnknownFieldsAreKept) {
  const auto read = read_llama_bench(row_with(R"({"avg_itl_ms": 12.5, "future": {"a": [1]}, "nothing": null})"), "x");
  ASSERT_TRUE(read);
  const auto fields = parse_json(read->rows[0].fields_json);
  EXPECT_EQ(fields->at("avg_itl_ms"), 12.5);
  EXPECT_EQ(fields->at("future").at("a").at(0), 1);
  EXPECT_TRUE(fields->at("nothing").is_null());
}

TEST(LlamaBench, OneObjectAloneIsARow) {
  EXPECT_EQ(read_llama_bench("{\n \"n_gen\": 8,\n \"avg_ts\": 2\n}", "x")->rows.size(), 1U);
}

TEST(LlamaBench, TheSameBytesHaveTheSameId) {
  const auto id = [](const std::string& text) { return read_llama_bench(text, "x")->file.id; };
  EXPECT_EQ(id(row_with("{}")), id(row_with("{}")));
  EXPECT_NE(id(row_with("{}")), id(row_with(R"({"poll": 1})")));
}

TEST(LlamaBench, WhatIsNoneIsRefusedWithThePlace) {
  EXPECT_NE(error_of("hello").find("neither JSON, JSONL, CSV nor SQL"), std::string::npos);
  EXPECT_NE(error_of("").find("neither"), std::string::npos);
  EXPECT_NE(error_of("| model | size |").find("-o jsonl"), std::string::npos);
  EXPECT_NE(error_of("[]").find("no results"), std::string::npos);
  EXPECT_NE(error_of("[1]").find("no results"), std::string::npos);
  EXPECT_NE(error_of("{\"n_gen\": 1}").find("line 1: a row without avg_ts"), std::string::npos);
  EXPECT_NE(error_of(row_with(R"({"n_gen": 0})")).find("row 1 (line 1): neither n_prompt"), std::string::npos);
  EXPECT_NE(error_of(row_with(R"({"n_gen": -5})")).find("n_gen is '-5'"), std::string::npos);
  EXPECT_NE(error_of("{\"n_gen\": 1, \"avg_ts\": 1}\n{\"n_gen\": 1, \"avg").find("line 2"), std::string::npos);
  EXPECT_NE(error_of("[{\"n_gen\": 1, \"avg_ts\": 1}").find("line 1"), std::string::npos);
  EXPECT_NE(error_of("CREATE TABLE test (a TEXT);").find("no table has rows with avg_ts; tables: test"),
            std::string::npos);
}

TEST(LlamaBench, AFigureThatIsNoneIsNullWithTheReason) {
  for (const char* const figure : {"0", "-1", "nan", "-nan", "inf", "null", "\"x\"", "1e999"}) {
    const auto read = read_llama_bench(
        fmt::format("{{\"n_gen\":1,\"avg_ts\":2}}\n{{\"n_gen\":1,\"avg_ts\":{}}}\n{{\"n_gen\":1,\"avg_ts\":3}}",
                    figure),
        "x");
    ASSERT_TRUE(read) << figure << read.error().text();
    ASSERT_EQ(read->rows.size(), 3U) << figure;
    EXPECT_FALSE(read->rows[1].mean) << figure;
    EXPECT_NE(read->rows[1].problem.find("avg_ts is '"), std::string::npos) << figure;
    EXPECT_EQ(read->rows[2].mean, 3) << figure;
    EXPECT_NE(read->file.notes.at(0).find("row 2 (line 2): avg_ts"), std::string::npos) << read->file.notes[0];
  }
  const auto read = read_llama_bench(row_with(R"({"samples_ts": [1, null, 0, 2], "stddev_ts": "-nan"})"), "x");
  EXPECT_EQ(read->rows.at(0).samples, (std::vector<double>{1, 2}));
  EXPECT_FALSE(read->rows[0].stddev);
  EXPECT_EQ(read->rows[0].mean, 10.5);
  EXPECT_EQ(read->rows[0].problem, "2 of samples_ts is no figure; stddev_ts is '-nan'");
  EXPECT_TRUE(read_llama_bench(row_with(R"({"samples_ts": "many"})"), "x")->rows.at(0).samples.empty());
}

TEST(LlamaBench, ARowThatSaysNotWhatItMeasuredIsLeftOut) {
  const auto read =
      read_llama_bench("{\"n_gen\":1,\"avg_ts\":1}\n{\"n_gen\":0,\"avg_ts\":1}\n{\"n_gen\":1.5,\"avg_ts\":1}", "x");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->rows.size(), 1U);
  EXPECT_EQ(read->file.notes.at(0),
            "2 rows have a figure that is none, the first is row 2 (line 2): neither n_prompt nor n_gen: no token was "
            "measured; left out");
}

TEST(LlamaBench, MetricsOfForksAreRowsOfTheirOwn) {
  const auto read = read_llama_bench(row_with(R"({"avg_ttft_ms": 12.5, "stddev_ttft_ms": 0.5})"), "x");
  ASSERT_EQ(read->rows.size(), 2U);
  EXPECT_EQ(read->rows[1].metric, "ttft_ms");
  EXPECT_EQ(read->rows[1].unit, "ms");
  EXPECT_EQ(read->rows[1].mean, 12.5);
  EXPECT_EQ(columns_of(*parse_json(read->rows[1].fields_json)), Columns{});
}

TEST(LlamaBench, BatchedBenchAndSweepBench) {
  const auto batched = read_llama_bench(
      R"({"n_kv_max": 2048, "n_batch": 2048, "n_threads": 8, "pp": 128, "tg": 64, "pl": 1, "n_kv": 192, "t_pp": 0.1, "speed_pp": 1186.6, "t_tg": 3.0, "speed_tg": 41.5, "t": 3.1, "speed": 80.3})"
      "\n"
      R"({"n_kv_max": 2048, "pp": 128, "tg": 64, "pl": 4, "n_kv": 768, "speed_pp": 1300, "speed_tg": 90, "speed": 140})",
      "x");
  ASSERT_TRUE(batched) << batched.error().text();
  EXPECT_EQ(batched->file.tool, "llama-batched-bench");
  std::string text;
  for (const store::ImportedRow& row : batched->rows) {
    text += fmt::format("{} {} {}; ", row.test, row.metric, *row.mean);
  }
  EXPECT_EQ(text,
            "pp128 prefill_tok_s 1186.6; tg64 @ d128 decode_tok_s 41.5; pp128 x4 batch_prefill_tok_s 1300; "
            "tg64 @ d128 x4 batch_decode_tok_s 90; ");
  EXPECT_EQ(setting(batched->rows[0], "n_threads"), "8");
  const auto sweep = read_llama_bench(
      "| PP | TG | N_KV | T_PP s | S_PP t/s | T_TG s | S_TG t/s |\n|--|--|--|--|--|--|--|\n"
      "| 512 | 128 | 1024 | 1.305 | 392.38 | 2.071 | 61.81 |\n",
      "x");
  ASSERT_TRUE(sweep) << sweep.error().text();
  EXPECT_EQ(sweep->file.tool, "sweep-bench");
  EXPECT_EQ(sweep->rows.at(0).test, "pp512 @ d1024");
  EXPECT_EQ(sweep->rows.at(1).test, "tg128 @ d1024");
  EXPECT_EQ(sweep->rows.at(1).metric, "decode_tok_s");
  EXPECT_EQ(sweep->rows.at(1).mean, 61.81);
}

TEST(LlamaBench, TimesAreUtcOrUnknown) {
  const auto time = [](const std::string& text) {
    return read_llama_bench(row_with("{\"test_time\": \"" + text + "\"}"), "x")->rows.at(0).measured;
  };
  EXPECT_EQ(time("2026-03-01T10:00:00Z"), "2026-03-01T10:00:00Z");
  EXPECT_EQ(time("2026-03-01 10:00:00"), "2026-03-01T10:00:00Z");
  EXPECT_EQ(time("2026-03-01T10:00:00.123Z"), "2026-03-01T10:00:00Z");
  EXPECT_EQ(time("2026-03-01T10:00:00+02:00"), "");
  EXPECT_EQ(time("yesterday"), "");
}

TEST(LlamaBench, HostileTextIsOnlyText) {
  const std::string evil = "<script>'; DROP TABLE session; --\n" + std::string(std::size_t{1} << 20U, 'x');
  const Json row = {{"n_gen", 8}, {"avg_ts", 2}, {"model_filename", evil}, {"cpu_info", evil}};
  const auto read = read_llama_bench(dump_json(row), evil);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->rows[0].model, evil);
}

}  // namespace
}  // namespace mia::imports
