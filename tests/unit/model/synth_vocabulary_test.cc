// SPDX-License-Identifier: MIT
#include "model/synth_vocabulary.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

namespace mia::model {
namespace {

// Byte pair encoding as GPT-2 does it: the pair of lowest rank first.
std::vector<std::string> encode(const Vocabulary& vocabulary, std::vector<std::string> pieces) {
  std::map<std::string, std::size_t> ranks;
  for (std::size_t i = 0; i < vocabulary.merges.size(); ++i) {
    ranks[vocabulary.merges[i]] = i;
  }
  while (true) {
    std::size_t best = vocabulary.merges.size();
    std::size_t at = 0;
    for (std::size_t i = 0; i + 1 < pieces.size(); ++i) {
      const auto rank = ranks.find(pieces[i] + ' ' + pieces[i + 1]);
      if (rank != ranks.end() && rank->second < best) {
        best = rank->second;
        at = i;
      }
    }
    if (best == vocabulary.merges.size()) {
      return pieces;
    }
    pieces[at] += pieces[at + 1];
    pieces.erase(pieces.begin() + static_cast<std::ptrdiff_t>(at) + 1);
  }
}

TEST(SynthVocabulary, HasTheExactSizeAndNoTokenTwice) {
  for (const std::int64_t size : {260, 300, 1000, 49152, 201088, 262144}) {
    const Vocabulary vocabulary = make_vocabulary(size);
    EXPECT_EQ(vocabulary.tokens.size(), static_cast<std::size_t>(size));
    EXPECT_EQ(std::set<std::string>(vocabulary.tokens.begin(), vocabulary.tokens.end()).size(),
              static_cast<std::size_t>(size));
    EXPECT_EQ(vocabulary.tokens[static_cast<std::size_t>(vocabulary.end)], "<|endoftext|>");
    EXPECT_EQ(vocabulary.tokens.size(), 258 + vocabulary.merges.size());
  }
}

TEST(SynthVocabulary, EveryMergeJoinsTokensToAToken) {
  const Vocabulary vocabulary = make_vocabulary(30'000);
  const std::set<std::string> tokens(vocabulary.tokens.begin(), vocabulary.tokens.end());
  for (const std::string& merge : vocabulary.merges) {
    const std::size_t space = merge.find(' ');
    const std::string left = merge.substr(0, space);
    const std::string right = merge.substr(space + 1);
    ASSERT_TRUE(tokens.contains(left) && tokens.contains(right) && tokens.contains(left + right)) << merge;
  }
}

TEST(SynthVocabulary, EveryByteHasATokenOfItsOwn) {
  const Vocabulary vocabulary = make_vocabulary(300);
  EXPECT_EQ(vocabulary.tokens['a'], "a");
  EXPECT_EQ(vocabulary.tokens['~'], "~");
  EXPECT_EQ(vocabulary.tokens[' '], "\u0120");
  EXPECT_EQ(vocabulary.tokens['\n'], "\u010a");
  EXPECT_EQ(vocabulary.tokens[0], "\u0100");
  EXPECT_EQ(vocabulary.tokens[0xad], "\u0143");
  EXPECT_EQ(vocabulary.tokens[0xff], "\u00ff");
}

TEST(SynthVocabulary, WordsBecomeFewerTokens) {
  const Vocabulary vocabulary = make_vocabulary(49152);
  const std::vector<std::string> tokens = encode(vocabulary, {"\u0120", "t", "h", "e", "r", "e"});
  EXPECT_LT(tokens.size(), 4U);
  std::string text;
  for (const std::string& token : tokens) {
    text += token;
  }
  EXPECT_EQ(text, "\u0120there");
}

}  // namespace
}  // namespace mia::model
