// SPDX-License-Identifier: MIT
#include "proc/tail.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace mia::proc {
namespace {

TEST(Tail, KeepsShortTextWhole) {
  Tail tail(10);
  tail.append("abc");
  tail.append("\nde");
  EXPECT_EQ(tail.text(), "abc\nde");
  EXPECT_EQ(tail.total(), 6);
}

TEST(Tail, StartsAtALineWhenSomethingWasLost) {
  Tail tail(8);
  for (const char* const piece : {"first\n", "second\n", "third\n"}) {
    tail.append(piece);
  }
  EXPECT_EQ(tail.text(), "third\n");
  EXPECT_EQ(tail.total(), 19);
}

TEST(Tail, GivesTheEndOfALineWithoutNewline) {
  Tail tail(4);
  tail.append("0123456789");
  EXPECT_EQ(tail.text(), "6789");
  tail.append("ab");
  EXPECT_EQ(tail.text(), "89ab");
}

TEST(LineBuffer, TellsALongLineOnceAndGoesOnAfterIt) {
  LineBuffer lines(4);
  lines.append("12345");
  ASSERT_TRUE(lines.ready());
  EXPECT_TRUE(lines.next()->too_long);
  lines.append("678");
  EXPECT_FALSE(lines.next().has_value());
  lines.append("9\nabcd\nrest");
  const auto next = lines.next();
  ASSERT_TRUE(next.has_value());
  EXPECT_FALSE(next->too_long);
  EXPECT_EQ(next->line, "abcd");
  EXPECT_FALSE(lines.next().has_value());
  EXPECT_EQ(lines.take_rest(), "rest");
  EXPECT_EQ(lines.take_rest(), "");
}

TEST(LineBuffer, HasNoRoomWhileALimitsWorthWaits) {
  LineBuffer lines(4);
  lines.append("ab\ncd\n");
  EXPECT_FALSE(lines.has_room());
  EXPECT_EQ(lines.next()->line, "ab");
  EXPECT_TRUE(lines.has_room());
}

// Whatever the pieces, the lines are the same.
TEST(LineBuffer, DoesNotDependOnThePieces) {
  std::mt19937 random(7);
  for (int round = 0; round < 300; ++round) {
    std::string text;
    std::vector<std::string> expected;
    for (int i = 0; i < 20; ++i) {
      const std::string line(random() % 12, static_cast<char>('a' + i));
      text += line + "\n";
      expected.push_back(line.size() > 8 ? "too long" : line);
    }
    LineBuffer lines(8);
    std::vector<std::string> seen;
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t size = 1 + random() % 30;
      lines.append(std::string_view(text).substr(at, size));
      at += size;
      while (const auto item = lines.next()) {
        seen.push_back(item->too_long ? "too long" : item->line);
      }
    }
    ASSERT_EQ(seen, expected) << "round " << round;
  }
}

}  // namespace
}  // namespace mia::proc
