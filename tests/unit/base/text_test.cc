// SPDX-License-Identifier: MIT
#include "base/text.h"

#include <clocale>

#include <gtest/gtest.h>

namespace mia {
namespace {

TEST(Numbers, TakeTheWholeTextOrNothing) {
  EXPECT_EQ(*parse_int("-42"), -42);
  EXPECT_EQ(*parse_double("1e-3"), 0.001);
  for (const char* const text : {"", "4x", "0x10", "9223372036854775808", "1.5"}) {
    EXPECT_FALSE(parse_int(text)) << text;
  }
  for (const char* const text : {"", "nan", "inf", "1,5", "1.5s", "1e999"}) {
    EXPECT_FALSE(parse_double(text)) << text;
  }
  EXPECT_NE(parse_int("4x").error().message.find("4x"), std::string::npos);
}

TEST(Numbers, DoNotDependOnTheLocale) {
  // Whether such a locale is installed or not, a point stays a point.
  std::setlocale(LC_ALL, "de_DE.UTF-8");
  EXPECT_EQ(*parse_double("1.25"), 1.25);
  EXPECT_EQ(human_seconds(1.25).find(','), std::string::npos);
  std::setlocale(LC_ALL, "C");
}

TEST(Durations, AddTheirParts) {
  EXPECT_DOUBLE_EQ(*parse_duration("1h30m"), 5400);
  EXPECT_DOUBLE_EQ(*parse_duration("250ms"), 0.25);
  EXPECT_DOUBLE_EQ(*parse_duration("20m"), 1200);
  for (const char* const text : {"", "5", "m", "-5m", "5 parsecs", "99999999999999h"}) {
    EXPECT_FALSE(parse_duration(text)) << text;
  }
}

TEST(Fractions, ComeAsPercentOrAsNumber) {
  EXPECT_DOUBLE_EQ(*parse_fraction("3%"), 0.03);
  EXPECT_DOUBLE_EQ(*parse_fraction("0.03"), 0.03);
  EXPECT_FALSE(parse_fraction("three"));
}

TEST(NearestName, FindsSlipsAndNothingElse) {
  const std::vector<std::string> names = {"n_threads", "n_batch", "n_ctx"};
  EXPECT_EQ(nearest_name("n_thread", names), "n_threads");
  EXPECT_EQ(nearest_name("n_bacth", names), "n_batch");
  EXPECT_FALSE(nearest_name("temperature", names));
}

TEST(Printable, IsSafeForTerminalsAndJson) {
  EXPECT_EQ(printable("a\x1b[31mb", 100).find('\x1b'), std::string::npos);
  EXPECT_EQ(printable(std::string_view("a\0b", 3), 100).find('\0'), std::string::npos);
  EXPECT_EQ(printable("\xff", 100), "\xef\xbf\xbd");
  EXPECT_EQ(printable("gr\xc3\xbc\xc3\x9f", 100), "gr\xc3\xbc\xc3\x9f");
  const std::string cut = printable(std::string(10'000, 'x'), 50);
  EXPECT_LE(cut.size(), 50U);
  EXPECT_TRUE(cut.ends_with("\xe2\x80\xa6"));
}

TEST(OneLine, HidesWhatATerminalObeys) {
  EXPECT_EQ(one_line("a\nb\tc"), "a b c");
  EXPECT_EQ(one_line("\x1b[2Jx\x07\x7f"), "\\x1b[2Jx\\x07\\x7f");
  EXPECT_EQ(one_line("\xc2\x9b"
                     "31m"),
            "\\u{9b}31m")
      << "C1 control sequence introducer";
  EXPECT_EQ(one_line("a\xe2\x80\xae"
                     "b"),
            "a\\u{202e}b")
      << "right-to-left override";
  EXPECT_EQ(one_line("Modell gr\xc3\xb6\xc3\x9f"
                     "er \xe6\xa8\xa1"),
            "Modell gr\xc3\xb6\xc3\x9f"
            "er \xe6\xa8\xa1");
  EXPECT_EQ(printable("a\n\tb\xc2\x9b"), "a\n\tb\\u{9b}") << "a log keeps its lines";
  EXPECT_LE(one_line(std::string(10'000, '\x1b')).size(), 500U);
}

TEST(Words, AreSeparatedByWhiteSpaceOfAnyKind) {
  EXPECT_EQ(count_words("  one two\n\tthree  "), 3);
  EXPECT_EQ(count_words(" \n"), 0);
}

TEST(HumanFigures, KeepTheirUnits) {
  EXPECT_EQ(human_bytes(96), "96 B");
  EXPECT_EQ(human_bytes(std::int64_t{512} << 20U), "512 MiB");
  EXPECT_EQ(human_bytes(1536), "1.50 KiB");
  EXPECT_EQ(human_bytes(std::int64_t{1} << 30U), "1 GiB");
  EXPECT_EQ(human_bytes((std::int64_t{1} << 30U) + 1), "1.00 GiB") << "nearly round is not round";
  EXPECT_EQ(human_seconds(0.0123), "12.3 ms");
  EXPECT_EQ(human_seconds(200), "3 min 20 s");
}

}  // namespace
}  // namespace mia
