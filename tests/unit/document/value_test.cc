// SPDX-License-Identifier: MIT
#include "document/value.h"

#include <clocale>
#include <limits>
#include <vector>

#include <gtest/gtest.h>

#include "document/sparkline.h"

namespace mia {
namespace {

using document::describe_interval;
using document::format_number;

TEST(Numbers, DecimalsSignAndScale) {
  EXPECT_EQ(format_number(41.25, {1, 1, false}), "41.2");
  EXPECT_EQ(format_number(0.0198, {1, 100, true}), "+2.0");
  EXPECT_EQ(format_number(-0.559, {1, 100, true}), "-55.9");
  EXPECT_EQ(format_number(-0.0001, {1, 1, true}), "0.0") << "no negative zero, no signed zero";
  EXPECT_EQ(format_number(0, {0, 1, true}), "0");
  EXPECT_EQ(format_number(std::numeric_limits<double>::quiet_NaN(), {}), "–");
  EXPECT_EQ(format_number(std::numeric_limits<double>::infinity(), {}), "–");
  EXPECT_EQ(format_number(std::optional<double>(), {}), "–");
  EXPECT_LT(format_number(1e300, {}).size(), 12U);
}

TEST(Numbers, IntervalsOrTooFew) {
  record::Summary summary;
  EXPECT_EQ(describe_interval(summary, {2}), "–");
  summary.value = 41.2;
  summary.n = 2;
  EXPECT_EQ(describe_interval(summary, {2}), "41.20 (n=2)");
  summary.low = 40.8;
  EXPECT_EQ(describe_interval(summary, {2}), "41.20 (n=2)") << "half an interval is none";
  summary.high = 41.9;
  EXPECT_EQ(describe_interval(summary, {2}), "41.20 [40.80, 41.90]");
  EXPECT_EQ(describe_interval(summary, {1}), "41.2 [40.8, 41.9]");
}

TEST(Numbers, BytesAreShownAsMiB) {
  record::Summary summary;
  summary.value = 3.5 * 1024 * 1024;
  EXPECT_EQ(describe_interval(summary, document::style_of(*record::find_metric("peak_rss_bytes")).number), "3.5");
  EXPECT_EQ(document::style_of(*record::find_metric("peak_rss_bytes")).heading, "peak RSS (MiB)");
  EXPECT_EQ(document::style_of(*record::find_metric("load_ms")).heading, "load (ms)");
  EXPECT_EQ(document::style_of(*record::find_metric("tokens_per_s")).heading, "tok/s");
}

TEST(Numbers, WordsOfBytesAndTime) {
  EXPECT_EQ(document::to_text(document::bytes(96)), "96 B");
  EXPECT_EQ(document::to_text(document::bytes({})), "–");
  EXPECT_EQ(document::to_text(document::seconds(200)), "3 min 20 s");
}

TEST(Headings, AUnitIsSaidOnce) {
  EXPECT_EQ(document::heading_of({"", "load", "ms"}), "load (ms)");
  EXPECT_EQ(document::heading_of({"", "tok/s", "tok/s"}), "tok/s");
}

TEST(Values, SettingsSayWhatBecameOfThem) {
  EXPECT_EQ(document::to_text(document::Setting{std::string("auto"), std::int64_t{4}}), "auto (4)");
  EXPECT_EQ(document::to_text(document::Setting{std::int64_t{4}, std::int64_t{4}}), "4");
  EXPECT_EQ(document::to_text(document::Setting{std::int64_t{4}, {}}), "4") << "nobody told";
  EXPECT_EQ(document::to_text(document::Setting{std::int64_t{2}, std::int64_t{2}, "allowed"}), "allowed (2)");
}

TEST(Grid, PlacesThatAreEmptyInEveryRowHaveNoColumn) {
  const document::Table table{
      {{"a", "a"}, {"hidden", ""}, {"b", "b"}, {"c", "c"}},
      {{"x", "only in JSON", document::number({}), document::number({}, {}, "no GPU")}, {"y", "z", {}}}};
  const document::Grid grid = document::grid_of(table);
  EXPECT_EQ(grid.headings, (std::vector<std::string>{"a", "c"})) << "a reason keeps its column";
  EXPECT_EQ(grid.rows, (std::vector<std::vector<std::string>>{{"x", "–"}, {"y", ""}}));
  EXPECT_EQ(grid.left, (std::vector<bool>{true, false}));
  std::set<std::string> told;
  EXPECT_EQ(document::null_notes(table, told), std::vector<std::string>{"c: no GPU"});
  EXPECT_TRUE(document::null_notes(table, told).empty()) << "once";
}

TEST(Grid, AReasonThatTheRowTellsIsNoNote) {
  const document::Table table{{{"a", "a"}, {"outcome", "outcome"}},
                              {{document::number({}, {}, "crashed in load"), "1 of 2: crashed in load"}}};
  std::set<std::string> told;
  EXPECT_TRUE(document::null_notes(table, told).empty());
}

TEST(Numbers, NoLocaleChangesThem) {
  for (const char* const name : {"de_DE.UTF-8", "fr_FR.UTF-8", ""}) {
    std::setlocale(LC_ALL, name);
    EXPECT_EQ(format_number(1234567.5, {1, 1, false}), "1234567.5");
  }
  std::setlocale(LC_ALL, "C");
}

TEST(Sparkline, FollowsTheValues) {
  const std::vector<double> values{1, 2, 3};
  EXPECT_EQ(document::sparkline(values), "▁▅█");
  EXPECT_EQ(document::sparkline(std::vector<double>{5, 5}), "▄▄");
  EXPECT_EQ(document::sparkline(std::vector<double>{1, std::numeric_limits<double>::quiet_NaN(), 2}), "▁ █");
  EXPECT_EQ(document::sparkline({}), "");
  const double big = std::numeric_limits<double>::max();
  EXPECT_EQ(document::sparkline(std::vector<double>{0, big}), "▁█");
}

TEST(Bar, IsAShareOfItsWidth) {
  EXPECT_EQ(document::bar(1, 2, 4), "██");
  EXPECT_EQ(document::bar(1, 16, 1), "▏") << "half an eighth is rounded up";
  EXPECT_EQ(document::bar(0, 2, 4), "");
  EXPECT_EQ(document::bar(1, 0, 4), "");
  EXPECT_EQ(document::bar(9, 2, 2), "██") << "never wider than its width";
}

}  // namespace
}  // namespace mia
