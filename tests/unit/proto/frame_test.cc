// SPDX-License-Identifier: MIT
#include "proto/frame.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace mia::proto {
namespace {

std::vector<std::string> take_all(LineBuffer& buffer) {
  std::vector<std::string> lines;
  while (auto line = buffer.take()) {
    lines.push_back(std::move(*line));
  }
  return lines;
}

TEST(LineBuffer, GivesTheSameLinesHoweverTheBytesArrive) {
  const std::string stream = "{\"a\":1}\n\nsecond line\nhalf";
  const std::vector<std::string> lines{"{\"a\":1}", "", "second line"};
  for (std::size_t piece = 1; piece <= stream.size(); ++piece) {
    LineBuffer buffer;
    std::vector<std::string> seen;
    for (std::size_t at = 0; at < stream.size(); at += piece) {
      EXPECT_TRUE(buffer.append(std::string_view(stream).substr(at, piece)));
      for (std::string& line : take_all(buffer)) {
        seen.push_back(std::move(line));
      }
    }
    EXPECT_EQ(seen, lines) << "pieces of " << piece;
    EXPECT_EQ(buffer.half_line(), "half");
  }
}

TEST(LineBuffer, TakesALineOfExactlyTheLimit) {
  LineBuffer buffer(4);
  EXPECT_TRUE(buffer.append("abcd\nef"));
  EXPECT_TRUE(buffer.append("gh\n"));
  EXPECT_EQ(take_all(buffer), (std::vector<std::string>{"abcd", "efgh"}));
  EXPECT_FALSE(buffer.overflowed());
}

TEST(LineBuffer, ReportsALineOverTheLimitAndKeepsTheOnesBefore) {
  for (const char* const rest : {"toolong\nafter\n", "toolong"}) {
    LineBuffer buffer(4);
    EXPECT_TRUE(buffer.append("ok\n"));
    EXPECT_FALSE(buffer.append(rest));
    EXPECT_FALSE(buffer.append("x\n")) << "an overflow is final";
    EXPECT_TRUE(buffer.overflowed());
    EXPECT_EQ(take_all(buffer), (std::vector<std::string>{"ok"}));
    EXPECT_EQ(buffer.half_line(), "");
  }
}

TEST(LineBuffer, OverflowsWhenALineGrowsPieceByPiece) {
  LineBuffer buffer(4);
  EXPECT_TRUE(buffer.append("abc"));
  EXPECT_TRUE(buffer.append("d"));
  EXPECT_FALSE(buffer.append("e"));
}

}  // namespace
}  // namespace mia::proto
