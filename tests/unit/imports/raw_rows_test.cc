// SPDX-License-Identifier: MIT
#include "imports/raw_rows.h"

#include <string>

#include <gtest/gtest.h>

#include "imports/encoding.h"

namespace mia::imports {
namespace {

// "speed:other columns" of each row; the error; then the notes.
std::string shown(std::string_view text) {
  const auto raw = read_rows(text);
  if (!raw) {
    return "error: " + raw.error().text();
  }
  std::string all = raw->format;
  for (const RawRow& row : raw->rows) {
    all += fmt::format(" {}@{}", dump_json(row.fields), row.line);
  }
  return all;
}

const std::string kA = R"({"avg_ts":1,"n_gen":8})";
const std::string kB = R"({"avg_ts":2,"n_gen":8})";

TEST(RawRows, JsonAloneInLinesAndInLists) {
  EXPECT_EQ(shown(kA), "jsonl " + kA + "@1");
  EXPECT_EQ(shown("[" + kA + "]"), "json " + kA + "@1");
  EXPECT_EQ(shown(kA + "\n\n" + kB + "\n"), "jsonl " + kA + "@1 " + kB + "@3");
  EXPECT_EQ(shown("[\n" + kA + ",\n" + kB + "]\n[\n" + kB + "\n]\n"), "json " + kA + "@2 " + kB + "@3 " + kB + "@5");
}

TEST(RawRows, WhatABackEndSaysInBetweenIsPassedOver) {
  const std::string chatter =
      "ggml_cuda_init: found 1 CUDA devices:\n  Device 0: A, compute capability 8.9, VMM: yes\n";
  EXPECT_EQ(shown(chatter + "[\n" + kA + chatter + ",\n" + kB + "\n]\n" + chatter), "json " + kA + "@4 " + kB + "@7");
  EXPECT_EQ(shown("[\n" + chatter + kA + "\n]\n"), "json " + kA + "@4");
  EXPECT_EQ(shown(chatter + kA + "\n[warning] \"x\"\n" + kB), "jsonl " + kA + "@3 " + kB + "@5");
  EXPECT_EQ(shown(chatter + "avg_ts,n_gen\n1,8\n" + chatter + "2,8\n"),
            R"(csv {"avg_ts":"1","n_gen":"8"}@4 {"avg_ts":"2","n_gen":"8"}@7)");
  const auto raw = read_rows(chatter + kA);
  ASSERT_TRUE(raw);
  ASSERT_EQ(raw->notes.size(), 1U);
  EXPECT_EQ(raw->notes[0],
            "2 places that are no rows were passed over, the first is line 1: ggml_cuda_init: found 1 CUDA devices:");
}

TEST(RawRows, WrapperObjectsHandDownWhatTheySay) {
  EXPECT_EQ(shown("{\"host\":\"x\",\"results\":[" + kA + "]}"), R"(json {"avg_ts":1,"host":"x","n_gen":8}@1)");
  EXPECT_EQ(shown("{\"run\":{\"list\":[" + kA + "]},\"env\":{\"t\":4}}"),
            R"(json {"avg_ts":1,"env":{"t":4},"n_gen":8}@1)");
  EXPECT_EQ(shown("{\"x\":[" + kA + "],\"y\":" + kB + "}"),
            R"(json {"avg_ts":1,"group":"x","n_gen":8}@1 {"avg_ts":2,"group":"y","n_gen":8}@1)");
}

TEST(RawRows, WordsThatJsonDoesNotKnowAreTexts) {
  const std::string given =
      R"j({"avg_ts":nan,"a":-nan(ind),"b":inf,"c":1.#QNAN,"d":1e999,"e":"nan","f":true,"g":007})j";
  const std::string read =
      R"j({"a":"-nan(ind)","avg_ts":"nan","b":"inf","c":"1.#QNAN","d":"1e999","e":"nan","f":true,"g":"007"})j";
  EXPECT_EQ(shown(given), "jsonl " + read + "@1");
}

TEST(RawRows, CsvWithAnySeparatorAndAHeaderThatComesAgain) {
  const std::string rows = R"( {"avg_ts":"1.5","n_gen":"8"}@2 {"avg_ts":"2","n_gen":"8"}@)";
  EXPECT_EQ(shown("avg_ts,n_gen\n1.5,8\navg_ts,n_gen\n2,8\n"), "csv" + rows + "4");
  EXPECT_EQ(shown("avg_ts\tn_gen\n1.5\t8\n\n2\t8"), "csv" + rows + "4");
  EXPECT_EQ(shown("\"avg_ts\";\"n_gen\"\n\"1,5\";8\n2;8\n"), "csv" + rows + "3");
  EXPECT_EQ(shown("avg_ts,n_gen\n1.5,8\nn_gen,avg_ts\n8,2\n"), "csv" + rows + "4");
  EXPECT_EQ(shown("avg_ts,n_gen,a,b,c,d,e,f\n1,8,1,2,3,4,5,6\n1,8,1,2,3,\"z"),
            "error: line 3: a quote is never closed; the file is not whole");
  EXPECT_EQ(shown("avg_ts,n_gen,a,b,c,d,e,f\n1,8,1,2,3,4,5,6\n1,8,1,2,3"),
            "error: line 3: 5 fields, the header has 8; the file is not whole");
}

TEST(RawRows, MarkdownTablesWithTheirBuilds) {
  const std::string table = "text\n| model | test | t/s |\n| --- | --- | --- |\n| m | tg128 | 1 ± 0 |\n";
  EXPECT_EQ(
      shown(table + "\nbuild: abc (12)\n"),
      R"(md {"avg_ts":"1","build_commit":"abc","build_number":"12","model_type":"m","n_gen":"128","stddev_ts":"0"}@4)");
  EXPECT_EQ(
      shown("| test | t/s a | t/s b |\n|---|---|---|\n| tg128 | 1 | 2 |"),
      R"(md {"avg_ts":"1","build_commit":"a","n_gen":"128"}@3 {"avg_ts":"2","build_commit":"b","n_gen":"128"}@3)");
  EXPECT_EQ(shown("model,test,t/s\nm,tg 128,2 ± 1\n"),
            R"(csv {"avg_ts":"2","model_type":"m","n_gen":"128","stddev_ts":"1"}@2)");
  EXPECT_EQ(shown("| GPU | pp512 | tg128 |\n|---|---|---|\n| A | 1 | 2 |"),
            R"(md {"avg_ts":"1","gpu_info":"A","n_prompt":"512"}@3 {"avg_ts":"2","gpu_info":"A","n_gen":"128"}@3)");
  EXPECT_NE(shown(table + table).find(R"("table":"2")"), std::string::npos) << "two tables mean two things";
  EXPECT_EQ(shown("| a | b |\n|---|---|\n| 1 | 2 |\n"), "") << "a table of something else";
}

TEST(RawRows, SweepBenchSaysItsSettingsBeforeTheTable) {
  EXPECT_EQ(
      shown("main: n_ubatch = 512, n_threads = 8\n\n|    PP |     TG |   N_KV |   T_PP s | S_PP t/s |\n"
            "|-------|--------|--------|----------|----------|\n|   512 |    128 |      0 |    1.100 |   465.51 |\n"),
      R"(md {"n_kv":"0","n_threads":"8","n_ubatch":"512","pp":"512","speed_pp":"465.51","t_pp":"1.100","tg":"128"}@5)");
}

TEST(RawRows, SqlIsReadAndNotExecuted) {
  const std::string table = "CREATE TABLE test (\n avg_ts REAL,\n n_gen INTEGER\n);\n";
  EXPECT_EQ(shown("ggml says\n" + table +
                  "INSERT INTO test (avg_ts, n_gen) VALUES ('1.5', '8');\nggml again\n"
                  "INSERT INTO \"test\" VALUES(2.0,8);\nCOMMIT;\n"),
            R"(sql {"avg_ts":1.5,"n_gen":8}@0 {"avg_ts":2.0,"n_gen":8}@0)");
  EXPECT_EQ(shown(table + "INSERT INTO test VALUES ('x\n"),
            "error: line 5: the statement that begins here is never ended by ';'; the file is not whole");
  EXPECT_NE(shown(table + "INSERT INTO test VALUES (1);\n").find("error: line 5"), std::string::npos);
}

TEST(RawRows, WhatIsNotWholeOrTooMuchIsAnErrorWithItsLine) {
  EXPECT_EQ(shown("[" + kA), "error: line 1: the list that begins here is never closed; the file is not whole");
  EXPECT_EQ(shown(kA + "\n{\"avg_ts\": 1"),
            "error: line 2: the object that begins here is never closed; the file is not whole");
  EXPECT_NE(shown("\n{\"avg_ts\" 1}").find("error: object of line 2: not valid JSON"), std::string::npos);
  std::string deep = "{\"a\":" + std::string(5000, '[') + std::string(5000, ']') + "}";
  EXPECT_NE(shown(deep).find("nested deeper"), std::string::npos);
  std::string wide = "{\"avg_ts\":1";
  std::string header = "avg_ts";
  for (int i = 0; i < 600; ++i) {
    wide += fmt::format(",\"c{}\":0", i);
    header += fmt::format(",c{}", i);
  }
  EXPECT_NE(shown(wide + "}").find("more than 512 columns"), std::string::npos);
  EXPECT_NE(shown(header + "\n").find("more than 512 columns"), std::string::npos);
}

TEST(Encoding, MarksAndUtf16) {
  const std::string text = "a\xC3\xA9\n\xF0\x9F\x98\x80 {\"x\"}";
  EXPECT_EQ(*to_utf8("\xEF\xBB\xBF" + text), text);
  EXPECT_EQ(*to_utf8(text + "\r\n\xEF\xBB\xBF" + text), text + "\n" + text);
  std::string little("\xFF\xFE", 2);
  std::string big("\xFE\xFF", 2);
  for (const char16_t unit : std::u16string(u"a\u00E9\n\U0001F600 {\"x\"}")) {
    little += {static_cast<char>(unit & 0xFF), static_cast<char>(unit >> 8)};
    big += {static_cast<char>(unit >> 8), static_cast<char>(unit & 0xFF)};
  }
  EXPECT_EQ(*to_utf8(little), text);
  EXPECT_EQ(*to_utf8(big), text);
  std::string plain;
  for (const char c : std::string("{\"avg_ts\": 1}")) {
    plain += {c, '\0'};
  }
  EXPECT_EQ(*to_utf8(plain), "{\"avg_ts\": 1}") << "without a mark";
}

TEST(Encoding, BytesOfAnotherEncodingAreReplaced) {
  EXPECT_EQ(*to_utf8("{\"model\":\"Gr\xF6\xDF"
                     "e\"}"),
            "{\"model\":\"Gr\xEF\xBF\xBD\xEF\xBF\xBD"
            "e\"}");
}

TEST(Encoding, WhatIsNoTextIsNamed) {
  EXPECT_NE(to_utf8("\x1f\x8b\x08").error().text().find("gzip archive; unpack it"), std::string::npos);
  EXPECT_NE(to_utf8("<!DOCTYPE html>").error().text().find("web page"), std::string::npos);
  EXPECT_NE(to_utf8("GGUF\x03").error().text().find("model"), std::string::npos);
  EXPECT_NE(to_utf8(std::string("some text, then\0 a zero", 23)).error().text().find("no text"), std::string::npos);
}

}  // namespace
}  // namespace mia::imports
