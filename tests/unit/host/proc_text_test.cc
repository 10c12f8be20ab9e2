// SPDX-License-Identifier: MIT
#include "host/proc_text.h"

#include <gtest/gtest.h>

namespace mia::host {
namespace {

constexpr std::string_view kStat =
    "cpu  1000 200 300 40000 500 60 70 800 90 10\n"
    "cpu0 500 100 150 20000 250 30 35 400 45 5\n"
    "intr 123 4 5\nctxt 99\nbtime 1795507557\n";

TEST(ProcStat, SumsBusyTimeAndLeavesGuestInUser) {
  const auto times = parse_proc_stat(kStat, 100);
  ASSERT_TRUE(times);
  EXPECT_DOUBLE_EQ(times->busy_s, (1000 + 200 + 300 + 60 + 70) / 100.0);
  EXPECT_DOUBLE_EQ(times->idle_s, 405);
  EXPECT_DOUBLE_EQ(times->steal_s, 8);
}

TEST(ProcStat, TakesTheTickIntoAccount) {
  const auto times = parse_proc_stat(kStat, 1000);
  ASSERT_TRUE(times);
  EXPECT_DOUBLE_EQ(times->steal_s, 0.8);
}

TEST(ProcStat, SomeCpusAreTheirOwnLinesAndNoOthers) {
  constexpr std::string_view kFour =
      "cpu  111 0 0 0 0 0 0 1111\ncpu0 100 0 0 0 0 0 0 1000\ncpu1 10 0 0 5 0 0 0 100\ncpu10 1 0 0 0 0 0 0 11\nintr 1\n";
  const auto times = parse_proc_stat(kFour, 1, {1, 10});
  ASSERT_TRUE(times);
  EXPECT_DOUBLE_EQ(times->busy_s, 11);
  EXPECT_DOUBLE_EQ(times->idle_s, 5);
  EXPECT_DOUBLE_EQ(times->steal_s, 111);
  EXPECT_EQ(times->cpus, (std::set<std::int64_t>{1, 10}));
  for (const std::set<std::int64_t>& all : {std::set<std::int64_t>{}, {1, 2}, {0, 1, 10}}) {
    EXPECT_EQ(parse_proc_stat(kFour, 1, all)->busy_s, 111) << "none asked for, one not listed, all";
    EXPECT_TRUE(parse_proc_stat(kFour, 1, all)->cpus.empty());
  }
}

TEST(ProcStat, IsUnknownWhenTheLineIsShortWrongOrGone) {
  EXPECT_FALSE(parse_proc_stat("", 100));
  EXPECT_FALSE(parse_proc_stat("cpu 1 2 3 4 5 6 7\n", 100));
  EXPECT_FALSE(parse_proc_stat("cpu 1 2 3 4 5 6 7 x\n", 100));
  EXPECT_FALSE(parse_proc_stat("cpu 1 2 3 4 5 6 7 -8\n", 100));
  EXPECT_FALSE(parse_proc_stat("cpu0 1 2 3 4 5 6 7 8\n", 100));
  EXPECT_FALSE(parse_proc_stat("cpu 1 2 3 4 5 6 7 8\n", 0));
}

TEST(Pressure, ReadsTheSomeLineInSeconds) {
  const auto seconds = parse_pressure_some_s(
      "some avg10=0.00 avg60=0.00 avg300=0.47 total=417510800\n"
      "full avg10=0.00 avg60=0.00 avg300=0.00 total=7\n");
  ASSERT_TRUE(seconds);
  EXPECT_DOUBLE_EQ(*seconds, 417.5108);
}

TEST(Pressure, IsUnknownWithoutTheSomeLine) {
  EXPECT_FALSE(parse_pressure_some_s(""));
  EXPECT_FALSE(parse_pressure_some_s("full avg10=0.00 avg60=0.00 avg300=0.00 total=7\n"));
  EXPECT_FALSE(parse_pressure_some_s("some avg10=0.00 avg60=0.00 avg300=0.00\n"));
  EXPECT_FALSE(parse_pressure_some_s("some avg10=0.00 avg60=0.00 avg300=0.00 total=\n"));
}

TEST(Vmstat, TakesTheWholeName) {
  constexpr std::string_view kText = "pswpin_extra 5\npswpin 7\npswpout 9\n";
  EXPECT_EQ(parse_vmstat(kText, "pswpin"), 7);
  EXPECT_EQ(parse_vmstat(kText, "pswpout"), 9);
  EXPECT_FALSE(parse_vmstat(kText, "pswp"));
}

TEST(Meminfo, TurnsKilobytesIntoBytes) {
  constexpr std::string_view kText =
      "MemTotal:       24684096 kB\nMemAvailable:   23252992 kB\nHugePages_Total:       3\n";
  EXPECT_EQ(parse_meminfo(kText, "MemTotal"), 24684096LL * 1024);
  EXPECT_EQ(parse_meminfo(kText, "MemAvailable"), 23252992LL * 1024);
  EXPECT_FALSE(parse_meminfo(kText, "HugePages_Total"));
  EXPECT_FALSE(parse_meminfo(kText, "MemFree"));
  EXPECT_FALSE(parse_meminfo("MemTotal: 9223372036854775807 kB\n", "MemTotal"));
}

TEST(Loadavg, ReadsTheFirstNumber) {
  EXPECT_EQ(parse_load1("0.75 0.40 0.19 1/95 21820\n"), 0.75);
  EXPECT_FALSE(parse_load1(""));
}

TEST(Cpuinfo, ReadsTheFirstOfMany) {
  constexpr std::string_view kText =
      "processor\t: 0\nmodel\t\t: 17\nmodel name\t: AMD EPYC 9654: Special\nflags\t\t: fpu\n\nprocessor\t: 1\n";
  EXPECT_EQ(parse_cpuinfo(kText, "model name"), "AMD EPYC 9654: Special");
  EXPECT_EQ(parse_cpuinfo(kText, "processor"), "0");
  EXPECT_FALSE(parse_cpuinfo("processor\t: 0\nBogoMIPS\t: 50.00\n", "model name"));
}

TEST(OsRelease, PrefersThePrettyName) {
  EXPECT_EQ(parse_os_release("NAME=\"Debian GNU/Linux\"\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n"),
            "Debian GNU/Linux 12 (bookworm)");
  EXPECT_EQ(parse_os_release("NAME=Alpine\nID=alpine\n"), "Alpine");
  EXPECT_EQ(parse_os_release("PRETTY_NAME='Void'\n"), "Void");
  EXPECT_FALSE(parse_os_release("ID=x\n"));
}

TEST(Bracketed, FindsTheChoice) {
  EXPECT_EQ(parse_bracketed("always [madvise] never\n"), "madvise");
  EXPECT_FALSE(parse_bracketed("always madvise never\n"));
  EXPECT_FALSE(parse_bracketed("]x["));
}

TEST(Cgroups, SplitsControllersThatShareAPath) {
  const auto paths = parse_cgroups(
      "12:cpu,cpuacct:/docker/3f2a\n5:memory:/docker/3f2a\n1:name=systemd:/a:b\n0::/system.slice/x.service\n");
  EXPECT_EQ(paths.at("cpu"), "/docker/3f2a");
  EXPECT_EQ(paths.at("cpuacct"), "/docker/3f2a");
  EXPECT_EQ(paths.at("name=systemd"), "/a:b");
  EXPECT_EQ(paths.at(""), "/system.slice/x.service");
  EXPECT_TRUE(parse_cgroups("nonsense\n").empty());
}

TEST(Limits, NoLimitIsUnknownNotANumber) {
  EXPECT_EQ(parse_memory_limit("2147483648\n"), 2147483648LL);
  EXPECT_FALSE(parse_memory_limit("max\n"));
  EXPECT_FALSE(parse_memory_limit("9223372036854771712\n"));
  EXPECT_FALSE(parse_memory_limit(""));
  EXPECT_EQ(parse_cpu_max("150000 100000\n"), 1.5);
  EXPECT_FALSE(parse_cpu_max("max 100000\n"));
  EXPECT_FALSE(parse_cpu_max("-1 100000"));
  EXPECT_FALSE(parse_cpu_max("100000 0"));
}

}  // namespace
}  // namespace mia::host
