// SPDX-License-Identifier: MIT
#include "host/gpu.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <thread>

#include "temp_tree.h"

namespace mia::host {
namespace {

constexpr const char* kTwoStates = R"({"driver": "550.54.15", "cuda": 12040, "states": [
  {"gpus": [{"name": "NVIDIA Test 4000", "memory_total": 25769803776, "memory_used": 1048576, "memory_reserved": 645, "sm_clock": 2100,
             "memory_clock": 9501, "temperature": 45, "power_mw": 81500, "reasons": 1, "energy_mj": 12345678901,
             "thermal_ns": 7, "pcie_generation": 4, "ecc": 1, "compute": [101, 102], "graphics": [55]}]},
  {"gpus": [{"name": "NVIDIA Test 4000", "memory_total": 25769803776, "memory_used": 2097152, "sm_clock": 1500,
             "temperature": 83, "reasons": 68}]}]})";

using Ids = std::vector<std::string>;

class Gpu : public ::testing::Test {
 protected:
  void play(const std::string& script) { ::setenv("MIA_NVML_SCRIPT", tree_.put("script.json", script).c_str(), 1); }
  void TearDown() override {
    ::unsetenv("MIA_NVML_SCRIPT");
    ::unsetenv("MIA_PERF_NVML");
  }
  TempTree tree_;
};

TEST_F(Gpu, ReadsEveryValueInItsUnit) {
  play(kTwoStates);
  GpuMonitor monitor = GpuMonitor::open(MIA_NVML_STANDIN);
  ASSERT_TRUE(monitor.available()) << monitor.reason();
  EXPECT_EQ(monitor.reason(), "");
  const auto states = monitor.read();
  ASSERT_EQ(states.size(), 1U);
  const GpuState& gpu = states[0];
  EXPECT_EQ(gpu.name, "NVIDIA Test 4000");
  EXPECT_EQ(gpu.driver, "550.54.15");
  EXPECT_EQ(gpu.driver_cuda, "12.4");
  EXPECT_EQ(gpu.memory_total_bytes, 25769803776);
  EXPECT_EQ(gpu.memory_used_bytes, 1048576);
  EXPECT_EQ(gpu.sm_clock_mhz, 2100);
  EXPECT_EQ(gpu.memory_clock_mhz, 9501);
  EXPECT_EQ(gpu.temperature_c, 45);
  EXPECT_DOUBLE_EQ(gpu.power_w.value_or(0), 81.5);
  EXPECT_EQ(gpu.throttle_reasons, 1);
  EXPECT_EQ(gpu.energy_mj, 12345678901);
  EXPECT_EQ(gpu.thermal_violation_ns, 7);
  EXPECT_EQ(gpu.pcie_generation, 4);
  EXPECT_EQ(gpu.ecc, true);
  EXPECT_EQ(gpu.processes, (std::vector<std::int64_t>{101, 102, 55}));
}

TEST_F(Gpu, WhatTheDriverDoesNotSupportIsUnknown) {
  play(kTwoStates);
  GpuMonitor monitor = GpuMonitor::open(MIA_NVML_STANDIN);
  static_cast<void>(monitor.read());
  const auto states = monitor.read();
  ASSERT_EQ(states.size(), 1U);
  EXPECT_EQ(states[0].sm_clock_mhz, 1500);
  EXPECT_FALSE(states[0].memory_clock_mhz);
  EXPECT_FALSE(states[0].power_w);
  EXPECT_FALSE(states[0].energy_mj);
  EXPECT_FALSE(states[0].ecc);
  EXPECT_FALSE(states[0].processes);
}

TEST_F(Gpu, AnOldDriverLacksSomeFunctionsOnly) {
  play(kTwoStates);
  GpuMonitor monitor = GpuMonitor::open(MIA_NVML_STANDIN_OLD);
  ASSERT_TRUE(monitor.available()) << monitor.reason();
  const auto states = monitor.read();
  ASSERT_EQ(states.size(), 1U);
  EXPECT_EQ(states[0].throttle_reasons, 1);
  EXPECT_EQ(states[0].temperature_c, 45);
  EXPECT_EQ(states[0].memory_used_bytes, 1048576 + 645);
  EXPECT_FALSE(states[0].energy_mj);
  EXPECT_FALSE(states[0].thermal_violation_ns);
  EXPECT_FALSE(states[0].processes);
}

TEST_F(Gpu, ADriverThatDoesNotStartSaysWhy) {
  play(R"({"init": 9})");
  GpuMonitor monitor = GpuMonitor::open(MIA_NVML_STANDIN);
  EXPECT_FALSE(monitor.available());
  EXPECT_NE(monitor.reason().find("Driver Not Loaded"), std::string::npos) << monitor.reason();
  EXPECT_TRUE(monitor.read().empty());
  GpuMonitor old = GpuMonitor::open(MIA_NVML_STANDIN_OLD);
  EXPECT_FALSE(old.available());
  EXPECT_NE(old.reason().find('9'), std::string::npos) << old.reason();
}

TEST_F(Gpu, NoLibraryAndAWrongOneAreReasonsNotErrors) {
  EXPECT_FALSE(GpuMonitor::open("libno-such-thing.so.1").available());
  EXPECT_NE(GpuMonitor::open("libno-such-thing.so.1").reason(), "");
  GpuMonitor wrong = GpuMonitor::open("libc.so.6");
  EXPECT_FALSE(wrong.available());
  EXPECT_NE(wrong.reason().find("not NVML"), std::string::npos) << wrong.reason();
}

TEST_F(Gpu, TheEnvironmentNamesTheLibrary) {
  play(kTwoStates);
  ::setenv("MIA_PERF_NVML", MIA_NVML_STANDIN, 1);
  EXPECT_TRUE(GpuMonitor::open().available());
  ::setenv("MIA_PERF_NVML", "/no/such/library.so", 1);
  EXPECT_FALSE(GpuMonitor::open().available());
}

TEST_F(Gpu, ALostGpuKeepsItsPlace) {
  play(R"({"states": [{"gpus": [{"lost": true, "name": "gone"}, {"name": "here"}]}]})");
  GpuMonitor monitor = GpuMonitor::open(MIA_NVML_STANDIN);
  const auto states = monitor.read();
  ASSERT_EQ(states.size(), 2U);
  EXPECT_EQ(states[0].name, "");
  EXPECT_EQ(states[1].name, "here");
}

TEST_F(Gpu, OnlyTheGpusThatTheRuntimeSeesAreWatched) {
  play(
      R"({"states": [{"gpus": [{"name": "theirs", "pci_bus": 27, "memory_total": 1000, "memory_used": 900, "energy_mj": 5000},
                                {"name": "ours", "pci_bus": 193, "memory_total": 1000, "memory_used": 10, "energy_mj": 700}]}]})");
  GpuMonitor monitor = GpuMonitor::open(MIA_NVML_STANDIN);
  monitor.watch_only(Ids{"0000:c1:00.0"});
  const auto states = monitor.read();
  ASSERT_EQ(states.size(), 1U);
  EXPECT_EQ(states[0].name, "ours");
  EXPECT_EQ(states[0].index, 1U) << "nvidia-smi's number, not the place among the watched";
  EXPECT_DOUBLE_EQ(monitor.energy_j().value_or(0), 0.7);
  EXPECT_EQ(summarize({states}).memory_used_bytes, 10);
  monitor.watch_only(Ids{"00000000:1B:00.0", "0000:C1:00.0"});
  EXPECT_EQ(monitor.read().size(), 2U) << "a new choice replaces the old one, however it is written";
  for (const Ids& nothing : {Ids{}, Ids{"0000:99:00.0"}, Ids{"c1"}, Ids{"0000:c1:0x.0"}, Ids{":::"}}) {
    monitor.watch_only(nothing);
    EXPECT_TRUE(monitor.read().empty());
    EXPECT_FALSE(monitor.energy_j()) << "the neighbours' joules are not ours";
  }
  monitor.watch_only(std::nullopt);
  EXPECT_EQ(monitor.read().size(), 2U);
  GpuMonitor::open("libno-such-thing.so.1").watch_only(Ids{"0000:c1:00.0"});
}

TEST_F(Gpu, WhatNoGpuCanHaveIsUnknown) {
  play(R"({"states": [{"gpus": [
    {"memory_total": 1000, "memory_used": 2000, "temperature": 4294967256, "power_mw": 4294967295, "reasons": -1},
    {"memory_total": -1, "memory_used": -5, "sm_clock": 4000000000},
    {"memory_total": 1000, "memory_used": 1000, "temperature": 0, "power_mw": 0, "reasons": 0, "sm_clock": 0}]}]})");
  const auto states = GpuMonitor::open(MIA_NVML_STANDIN).read();
  ASSERT_EQ(states.size(), 3U);
  EXPECT_EQ(states[0].memory_total_bytes, 1000);
  for (const GpuState& gpu : {states[0], states[1]}) {
    EXPECT_FALSE(gpu.memory_used_bytes);
    EXPECT_FALSE(gpu.temperature_c);
    EXPECT_FALSE(gpu.power_w);
    EXPECT_FALSE(gpu.throttle_reasons);
    EXPECT_FALSE(gpu.sm_clock_mhz);
  }
  EXPECT_FALSE(states[1].memory_total_bytes);
  EXPECT_EQ(states[2].memory_used_bytes, 1000) << "the edges are possible";
  EXPECT_EQ(states[2].temperature_c, 0);
  EXPECT_EQ(states[2].power_w, 0);
  EXPECT_EQ(states[2].throttle_reasons, 0);
}

TEST_F(Gpu, ManyProcessesAreAllListed) {
  std::string ids = "1";
  for (int i = 2; i <= 300; ++i) {
    ids += "," + std::to_string(i);
  }
  play(R"({"states": [{"gpus": [{"compute": [)" + ids + "]}]}]}");
  GpuMonitor monitor = GpuMonitor::open(MIA_NVML_STANDIN);
  const auto states = monitor.read();
  ASSERT_EQ(states.size(), 1U);
  ASSERT_TRUE(states[0].processes);
  EXPECT_EQ(states[0].processes->size(), 300U);
  EXPECT_EQ(states[0].processes->back(), 300);
}

TEST_F(Gpu, TextsOfTheDriverAreMadePrintable) {
  play(R"({"states": [{"gpus": [{"name": "bad\u001b[31mname"}]}]})");
  GpuMonitor monitor = GpuMonitor::open(MIA_NVML_STANDIN);
  const auto states = monitor.read();
  ASSERT_EQ(states.size(), 1U);
  EXPECT_EQ(states[0].name.find('\x1b'), std::string::npos);
}

TEST_F(Gpu, TheWatchCollectsUntilStopped) {
  play(kTwoStates);
  GpuMonitor monitor = GpuMonitor::open(MIA_NVML_STANDIN);
  GpuWatch watch(monitor, std::chrono::milliseconds(1));
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  const GpuSummary summary = watch.stop();
  EXPECT_GE(summary.samples, 2);
  EXPECT_EQ(summary.temperature_c, 83);
  EXPECT_EQ(summary.throttle_reasons, 69);
  EXPECT_EQ(watch.stop().samples, summary.samples);
}

TEST_F(Gpu, EnergyIsThatOfAllGpusThatCount) {
  play(R"({"states": [{"gpus": [{"energy_mj": 1500}, {"name": "counts nothing"}, {"energy_mj": 2000}]}]})");
  GpuMonitor monitor = GpuMonitor::open(MIA_NVML_STANDIN);
  EXPECT_DOUBLE_EQ(monitor.energy_j().value_or(0), 3.5);
  play(R"({"states": [{"gpus": [{"name": "counts nothing"}]}]})");
  EXPECT_FALSE(GpuMonitor::open(MIA_NVML_STANDIN).energy_j());
  EXPECT_FALSE(GpuMonitor::open(MIA_NVML_STANDIN_OLD).energy_j());
  EXPECT_FALSE(GpuMonitor::open("libno-such-thing.so.1").energy_j());
}

TEST_F(Gpu, AQuickReadingLeavesOutWhatDoesNotChange) {
  play(kTwoStates);
  GpuMonitor monitor = GpuMonitor::open(MIA_NVML_STANDIN);
  const auto states = monitor.read(GpuDetail::rates);
  ASSERT_EQ(states.size(), 1U);
  EXPECT_EQ(states[0].sm_clock_mhz, 2100);
  EXPECT_EQ(states[0].pcie_generation, 4);
  EXPECT_EQ(states[0].name, "");
  EXPECT_FALSE(states[0].processes);
  EXPECT_FALSE(states[0].energy_mj);
}

TEST_F(Gpu, WithoutAGpuTheWatchSeesNothing) {
  GpuMonitor monitor = GpuMonitor::open("libno-such-thing.so.1");
  GpuWatch watch(monitor);
  EXPECT_EQ(watch.stop().samples, 0);
}

TEST(Summarize, FollowsTheGpuThatHasTheModel) {
  GpuState display;
  display.memory_used_bytes = 100;
  display.sm_clock_mhz = 300;
  display.throttle_reasons = 0x40;
  GpuState worker;
  worker.memory_used_bytes = 50;
  worker.sm_clock_mhz = 1900;
  worker.power_w = 100;
  worker.throttle_reasons = 0;
  GpuState spare;
  spare.memory_used_bytes = 10;
  spare.throttle_reasons = 0x8;
  std::vector<std::vector<GpuState>> readings(3, {display, worker, spare});
  readings[1][1].memory_used_bytes = 5000;
  readings[1][1].sm_clock_mhz = 1500;
  readings[1][1].power_w = 400;
  readings[1][1].throttle_reasons = 0x4;
  const GpuSummary summary = summarize(readings);
  EXPECT_EQ(summary.samples, 3);
  EXPECT_EQ(summary.sm_clock_mhz, 1900);
  EXPECT_EQ(summary.power_w, 200);
  EXPECT_EQ(summary.memory_used_bytes, 5000);
  EXPECT_EQ(summary.index, 1U);
  EXPECT_EQ(summary.throttle_reasons, 0x4);
  EXPECT_FALSE(summary.temperature_c);
}

TEST(Summarize, ClocksAreThoseOfAWorkingGpu) {
  GpuState idle;
  idle.sm_clock_mhz = 345;
  idle.power_w = 110;
  idle.throttle_reasons = 0x1;
  GpuState working = idle;
  working.sm_clock_mhz = 1980;
  working.power_w = 700;
  working.throttle_reasons = 0x4;
  const GpuSummary mixed = summarize({{idle}, {idle}, {working}, {idle}});
  EXPECT_EQ(mixed.samples, 4);
  EXPECT_EQ(mixed.sm_clock_mhz, 1980);
  EXPECT_EQ(mixed.power_w, 700);
  EXPECT_EQ(mixed.throttle_reasons, 0x5);
  EXPECT_EQ(summarize({{idle}, {idle}}).sm_clock_mhz, 345);
}

TEST(ThrottleReasons, HeatAndHardwareVoidPowerDoesNot) {
  for (const std::int64_t harmless : {0x0, 0x1, 0x2, 0x4, 0x10, 0x100, 0x117}) {
    EXPECT_FALSE(throttle_voids(harmless)) << harmless;
  }
  for (const std::int64_t voids : {0x8, 0x20, 0x40, 0x80, 0x24}) {
    EXPECT_TRUE(throttle_voids(voids)) << voids;
  }
}

TEST(ThrottleReasons, AreNamed) {
  EXPECT_EQ(describe_throttle_reasons(0), "none");
  EXPECT_EQ(describe_throttle_reasons(0x24), "power cap, thermal slowdown (software)");
  EXPECT_EQ(describe_throttle_reasons(0x1000), "unknown reason 0x1000");
}

}  // namespace
}  // namespace mia::host
