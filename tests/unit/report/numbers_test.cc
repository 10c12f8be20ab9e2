// SPDX-License-Identifier: MIT
#include "report/numbers.h"

#include <clocale>
#include <limits>
#include <vector>

#include <gtest/gtest.h>

#include "report/sparkline.h"
#include "samples.h"

namespace mia {
namespace {

using report::describe_interval;
using report::format_number;

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
  EXPECT_EQ(describe_interval(summary, "tokens_per_s"), "–");
  summary.value = 41.2;
  summary.n = 2;
  EXPECT_EQ(describe_interval(summary, "tokens_per_s"), "41.20 (n=2)");
  summary.low = 40.8;
  EXPECT_EQ(describe_interval(summary, "tokens_per_s"), "41.20 (n=2)") << "half an interval is none";
  summary.high = 41.9;
  EXPECT_EQ(describe_interval(summary, "tokens_per_s"), "41.20 [40.80, 41.90]");
  EXPECT_EQ(describe_interval(summary, "load_ms"), "41.2 [40.8, 41.9]") << "decimals come from the metric's row";
}

TEST(Numbers, BytesAreShownAsMiB) {
  record::Summary summary;
  summary.value = 3.5 * 1024 * 1024;
  EXPECT_EQ(describe_interval(summary, "peak_rss_bytes"), "3.5");
  EXPECT_EQ(report::style_of(*record::find_metric("peak_rss_bytes")).heading, "peak RSS (MiB)");
  EXPECT_EQ(report::style_of(*record::find_metric("load_ms")).heading, "load (ms)");
  EXPECT_EQ(report::style_of(*record::find_metric("tokens_per_s")).heading, "tok/s");
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
  EXPECT_EQ(report::sparkline(values), "▁▅█");
  EXPECT_EQ(report::sparkline(std::vector<double>{5, 5}), "▄▄");
  EXPECT_EQ(report::sparkline(std::vector<double>{1, std::numeric_limits<double>::quiet_NaN(), 2}), "▁ █");
  EXPECT_EQ(report::sparkline({}), "");
  const double big = std::numeric_limits<double>::max();
  EXPECT_EQ(report::sparkline(std::vector<double>{0, big}), "▁█");
}

TEST(Bar, IsAShareOfItsWidth) {
  EXPECT_EQ(report::bar(1, 2, 4), "██");
  EXPECT_EQ(report::bar(1, 16, 1), "▏") << "half an eighth is rounded up";
  EXPECT_EQ(report::bar(0, 2, 4), "");
  EXPECT_EQ(report::bar(1, 0, 4), "");
  EXPECT_EQ(report::bar(9, 2, 2), "██") << "never wider than its width";
}

}  // namespace
}  // namespace mia
