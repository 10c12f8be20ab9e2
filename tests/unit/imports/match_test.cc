// SPDX-License-Identifier: MIT
#include "imports/match.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/text.h"

namespace mia::imports {
namespace {

// `columns`: "n_threads=2 mla_attn=1"
store::ImportedRow row(const std::string& test, const std::string& model, std::vector<double> samples,
                       const std::string& columns = "") {
  store::ImportedRow result;
  result.test = test;
  result.metric = test.starts_with("tg") ? "decode_tok_s" : "prefill_tok_s";
  result.model = model;
  result.mean = samples.empty() ? 7.5 : samples.front();
  result.samples = std::move(samples);
  Json fields = {{"model_filename", model}};
  for (const std::string& column : split(columns, ' ')) {
    if (const auto gap = column.find('='); gap != std::string::npos) {
      fields[column.substr(0, gap)] = column.substr(gap + 1);
    }
  }
  result.fields_json = dump_json(fields);
  return result;
}

std::vector<Sample> samples(const std::vector<store::ImportedRow>& rows, const std::set<std::string>& ignored = {}) {
  return samples_of(rows, ignored).lines;
}

std::vector<std::size_t> indexes(const std::vector<LeftOut>& lines) {
  std::vector<std::size_t> result;
  for (const LeftOut& line : lines) {
    result.push_back(line.index);
  }
  return result;
}

TEST(Samples, CallsOfTheSameThingAreOneSample) {
  const auto found = samples({row("tg128", "m", {1, 2}), row("pp512", "m", {9}), row("tg128", "m", {3})});
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].values, (std::vector<double>{1, 2, 3}));
  EXPECT_EQ(found[0].levels, (std::vector<double>{1, 3}));
  EXPECT_FALSE(found[0].means_only);
}

TEST(Samples, OtherModelsAndSettingsStayApart) {
  EXPECT_EQ(samples({row("tg128", "m", {1}), row("tg128", "n", {1}), row("tg128", "m", {1}, "n_threads=2")}).size(),
            3U);
}

TEST(Samples, EveryColumnTellsRowsApart) {
  for (const char* const column : {"build_commit", "backends", "cpu_info", "devices", "tensor_split", "cpu_mask",
                                   "model_size", "repack", "mla_attn", "what_nobody_knows_yet"}) {
    const auto found = samples(
        {row("pp512", "m", {100}, std::string(column) + "=1"), row("pp512", "m", {200}, std::string(column) + "=2")});
    ASSERT_EQ(found.size(), 2U) << column;
    EXPECT_EQ(differing(found), std::vector<std::string>{column});
    EXPECT_EQ(describe(found[1], differing(found)), std::string(column) + "=2");
  }
  const std::vector<store::ImportedRow> rows = {row("pp512", "m", {1}, "mla_attn=1"), row("pp512", "m", {2})};
  EXPECT_EQ(describe(samples(rows)[1], {"mla_attn"}), "mla_attn=–");
  EXPECT_EQ(samples(rows, {"mla_attn"}).size(), 1U) << "asked for";
}

TEST(Samples, WordsForTrueAndFalseAreTheSameColumn) {
  EXPECT_EQ(samples({row("tg128", "m", {1}, "no_host=true"), row("tg128", "m", {2}, "no_host=1")}).size(), 1U);
  EXPECT_EQ(samples({row("tg128", "m", {1}, "no_host=false"), row("tg128", "m", {2}, "no_host=1")}).size(), 2U);
}

TEST(Samples, TheSameMeasurementCountsOnce) {
  store::ImportedRow one = row("tg128", "m", {1, 2});
  one.measured = "2026-03-01T10:00:00Z";
  store::ImportedRow later = one;
  later.measured = "2026-03-01T10:00:01Z";
  store::ImportedRow other = one;
  other.samples = {1, 2.5};
  const Samples found = samples_of({one, later, one, other});
  EXPECT_EQ(found.repeated, 1U);
  EXPECT_EQ(found.lines.at(0).levels.size(), 3U);
  const store::ImportedRow timeless = row("tg128", "m", {1, 2});
  EXPECT_EQ(samples_of({timeless, timeless}).repeated, 0U) << "two calls may give equal figures";
}

TEST(Samples, WithoutRepetitionsTheMeanStandsInAndSaysSo) {
  const auto found = samples({row("tg128", "m", {})});
  EXPECT_EQ(found[0].values, std::vector<double>{7.5});
  EXPECT_TRUE(found[0].means_only);
}

TEST(Matching, GenerationsKnowDifferentSettings) {
  const auto old_file = samples({row("tg128", "m", {1}, "n_threads=2")});
  const auto new_file = samples({row("tg128", "m", {1}, "n_batch=512")});
  EXPECT_EQ(match(old_file, new_file).pairs.size(), 1U);
  const auto other = samples({row("tg128", "m", {1}, "n_threads=4")});
  const Matches none = match(old_file, other);
  EXPECT_TRUE(none.pairs.empty());
  EXPECT_EQ(indexes(none.only_a), std::vector<std::size_t>{0});
  EXPECT_EQ(indexes(none.only_b), std::vector<std::size_t>{0});
  EXPECT_EQ(none.only_b[0].reason, "n_threads differs (4 against 2)");
}

TEST(Matching, WhatCouldBeSeveralIsNotGuessed) {
  const auto two = samples({row("tg128", "m", {1}, "n_threads=2"), row("tg128", "m", {1}, "n_threads=4")});
  const auto open = samples({row("tg128", "m", {1})});
  for (const Matches& found : {match(two, open), match(open, two)}) {
    EXPECT_TRUE(found.pairs.empty());
    EXPECT_EQ(found.only_a.size() + found.only_b.size(), 3U);
  }
}

TEST(Matching, TestsMatchTheirOwnKind) {
  const auto a = samples({row("pp512", "m", {1}), row("tg128", "m", {2})});
  const auto b = samples({row("tg128", "m", {3}), row("tg128 @ d4096", "m", {4})});
  const Matches found = match(a, b);
  ASSERT_EQ(found.pairs.size(), 1U);
  EXPECT_EQ(found.pairs[0].a, 1U);
  EXPECT_EQ(found.pairs[0].b, 0U);
  EXPECT_EQ(indexes(found.only_b), std::vector<std::size_t>{1});
}

TEST(Matching, OfModelsTheNameCountsNotTheFolder) {
  EXPECT_EQ(match(samples({row("tg128", "old/m.gguf", {1})}), samples({row("tg128", "m.gguf", {1})})).pairs.size(), 1U);
  const auto other = samples({row("tg128", "n.gguf", {1})});
  EXPECT_TRUE(match(samples({row("tg128", "m.gguf", {1})}), other).pairs.empty());
  const std::set<std::string> model = columns_named("model");
  EXPECT_EQ(
      match(samples({row("tg128", "m.gguf", {1})}, model), samples({row("tg128", "n.gguf", {1})}, model)).pairs.size(),
      1U);
  const auto two = samples({row("tg128", "a.gguf", {1}), row("tg128", "b.gguf", {1})});
  const Matches found = match(two, samples({row("tg128", "b.gguf", {1})}));
  ASSERT_EQ(found.pairs.size(), 1U);
  EXPECT_EQ(found.pairs[0].a, 1U);
}

TEST(Matching, NothingIsMatchedAcrossWhatDiffersUnlessItIsOpen) {
  const auto a = samples({row("tg128", "m", {1}, "backends=CPU build_commit=x")});
  const auto b = samples({row("tg128", "m", {1}, "backends=Vulkan build_commit=y")});
  const Matches none = match(a, b, columns_named("build"));
  EXPECT_TRUE(none.pairs.empty());
  EXPECT_EQ(none.only_a.at(0).in_the_way, std::vector<std::string>{"backends"});
  const Matches open = match(a, b, {"backends", "build_commit"});
  ASSERT_EQ(open.pairs.size(), 1U);
  EXPECT_EQ(notes_on(a, b, open.pairs), (std::vector<std::string>{"backends differs: CPU before, Vulkan now",
                                                                  "build_commit differs: x before, y now"}));
}

TEST(Matching, WhereSeveralBuildsFitTheSameOneIsMeant) {
  const auto two = samples({row("tg128", "m", {1}, "build_commit=x"), row("tg128", "m", {2}, "build_commit=y")});
  const Matches found = match(two, two, columns_named("build"));
  ASSERT_EQ(found.pairs.size(), 2U);
  EXPECT_EQ(found.pairs[1].b, 1U);
}

TEST(Matching, NotesComeFromAllRows) {
  const auto a = samples({row("pp512", "m", {1}, "gpu_info=A"), row("tg128", "m", {1}, "gpu_info=A")});
  const auto b = samples({row("pp512", "m", {1}, "gpu_info=A"), row("tg128", "m", {1}, "gpu_info=B")});
  const Matches found = match(a, b, {"gpu_info"});
  EXPECT_EQ(notes_on(a, b, found.pairs), std::vector<std::string>{"gpu_info differs: A before, B now"});
}

}  // namespace
}  // namespace mia::imports
