// SPDX-License-Identifier: MIT
#include "imports/match.h"

#include <gtest/gtest.h>

#include "record/fields.h"

namespace mia::imports {
namespace {

store::ImportedRow row(const std::string& test, const std::string& model, std::vector<double> samples,
                       const std::string& setting = "") {
  store::ImportedRow result;
  result.test = test;
  result.metric = test.starts_with("tg") ? "decode_tok_s" : "prefill_tok_s";
  result.model = model;
  result.mean = samples.empty() ? 7.5 : samples.front();
  result.samples = std::move(samples);
  if (!setting.empty()) {
    const auto gap = setting.find('=');
    EXPECT_TRUE(record::set_text(result.settings, setting.substr(0, gap), setting.substr(gap + 1)));
  }
  return result;
}

std::vector<Sample> samples(std::vector<store::ImportedRow> rows) {
  store::ImportedSamples file;
  file.rows = std::move(rows);
  return samples_of(file);
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
  EXPECT_EQ(none.only_a, std::vector<std::size_t>{0});
  EXPECT_EQ(none.only_b, std::vector<std::size_t>{0});
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
  EXPECT_EQ(found.only_b, std::vector<std::size_t>{1});
}

TEST(Matching, ModelsMatchByNameUnlessThereIsOneOnEachSide) {
  EXPECT_EQ(match(samples({row("tg128", "old.gguf", {1})}), samples({row("tg128", "new.gguf", {1})})).pairs.size(), 1U);
  const auto two = samples({row("tg128", "a.gguf", {1}), row("tg128", "b.gguf", {1})});
  const Matches found = match(two, samples({row("tg128", "b.gguf", {1})}));
  ASSERT_EQ(found.pairs.size(), 1U);
  EXPECT_EQ(found.pairs[0].a, 1U);
}

}  // namespace
}  // namespace mia::imports
