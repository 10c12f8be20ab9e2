// SPDX-License-Identifier: MIT
#include "report/write.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/files.h"
#include "report/json.h"
#include "samples.h"

namespace mia {
namespace {

class Write : public testing::Test {
 protected:
  void SetUp() override {
    dir_ = std::filesystem::path(testing::TempDir()) /
           (std::string("mia_write_") + testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::remove_all(dir_);
  }
  void TearDown() override { std::filesystem::remove_all(dir_); }
  std::size_t files() const {
    std::size_t count = 0;
    for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(dir_)) {
      ++count;
    }
    return count;
  }
  std::filesystem::path dir_;
};

TEST(Stems, AreTheScenariosOrMadeOfItsName) {
  record::Report report = samples::empty("my own");
  EXPECT_EQ(report::stem_of(report), "perf_my_own");
  report.scenario = "../../etc/passwd";
  EXPECT_EQ(report::stem_of(report), "perf_______etc_passwd") << "no way out of the folder";
  report.stem = "my-numbers_2";
  EXPECT_EQ(report::stem_of(report), "my-numbers_2");
  report.stem = "../../etc/passwd";
  EXPECT_EQ(report::stem_of(report), "______etc_passwd");
}

TEST_F(Write, LeavesAPairThatReadsBack) {
  const auto written = report::write_report(samples::baseline(), dir_);
  ASSERT_TRUE(written) << written.error().text();
  EXPECT_EQ(*written, std::vector<std::filesystem::path>{dir_ / "perf_cpu_baseline.json"});
  EXPECT_EQ(files(), 2U) << "the JSON document, its twin and nothing else";
  EXPECT_TRUE(report::read_report(dir_ / "perf_cpu_baseline.json"));
  EXPECT_TRUE(read_file(dir_ / "perf_cpu_baseline.md")->starts_with("# baseline"));
}

TEST_F(Write, ReplacesWhatAnEarlierTrialLeft) {
  record::Report report = samples::baseline();
  report.complete = false;
  ASSERT_TRUE(report::write_pair(report, dir_, "x"));
  EXPECT_FALSE(report::read_report(dir_ / "x.json")->complete);
  report.complete = true;
  ASSERT_TRUE(report::write_pair(report, dir_, "x"));
  EXPECT_TRUE(report::read_report(dir_ / "x.json")->complete);
  EXPECT_EQ(files(), 2U);
}

TEST_F(Write, LatencyLeavesTheSeedsTwoFiles) {
  const auto written = report::write_report(samples::latency(), dir_);
  ASSERT_TRUE(written) << written.error().text();
  EXPECT_EQ(files(), 6U);
  const auto shorter = report::read_report(dir_ / "perf_latency_short.json");
  ASSERT_TRUE(shorter) << shorter.error().text();
  ASSERT_EQ(shorter->cells.size(), 2U);
  ASSERT_EQ(shorter->trials.size(), 2U);
  EXPECT_EQ(shorter->trials[1].cell, shorter->cells[1].key) << "its own trials, not the other workload's";
  EXPECT_EQ(shorter->cells[0].metrics.at("p95_decode_ms").value, 259.04);
  const auto longer = report::read_report(dir_ / "perf_latency_long.json");
  ASSERT_TRUE(longer);
  EXPECT_EQ(longer->cells.at(0).metrics.at("p95_decode_ms").value, 201.64);
  EXPECT_EQ(report::read_report(dir_ / "perf_latency.json")->cells.size(), 4U);
}

TEST_F(Write, AFolderThatCannotBeMadeIsAnError) {
  ASSERT_TRUE(write_file_atomic(dir_ / "file", "x"));
  const Status status = report::write_pair(samples::baseline(), dir_ / "file" / "below", "x");
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().kind, ErrorKind::io);
}

}  // namespace
}  // namespace mia
