// SPDX-License-Identifier: MIT
#include "judge/mode_anomaly.h"

#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "judge/follow_up.h"
#include "reports.h"

namespace mia::judge {
namespace {

std::string key_of(std::int64_t layers) {
  return "n_gpu_layers=" + std::to_string(layers);
}

// The method's modes; the third one is as slow as it was found to be.
ReportMaker modes() {
  ReportMaker maker;
  const std::vector<std::pair<std::int64_t, double>> speeds = {{24, 3.08}, {0, 2.95}, {12, 1.48}, {6, 3.85}};
  for (const auto& [layers, speed] : speeds) {
    maker.cell(key_of(layers)).requested.llm.n_gpu_layers = layers;
    maker.speeds(key_of(layers), 0, {speed, speed * 1.01, speed * 0.99});
  }
  return maker;
}

void repeat(ReportMaker& maker, double twelve) {
  maker.speeds(key_of(6), 3, {3.85, 3.8, 3.9});
  maker.speeds(key_of(12), 3, {twelve, twelve * 1.01, twelve * 0.99});
  maker.speeds(key_of(24), 3, {3.08, 3.0, 3.1});
}

void add_variant(ReportMaker& maker, std::int64_t layers, double speed) {
  maker.cell(key_of(layers)).requested.llm.n_gpu_layers = layers;
  maker.speeds(key_of(layers), 3, {speed, speed, speed});
}

std::string ending(const record::Report& report) {
  return diagnose(report, find_anomalies(report).at(0)).evidence.at("ending");
}

TEST(ModeAnomaly, FindsTheModeOffItsNeighboursByValueNotByOrder) {
  const auto found = find_anomalies(modes().report);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].cell, key_of(12));
  EXPECT_EQ(found[0].neighbours, (std::vector<std::string>{key_of(6), key_of(24)}));
  EXPECT_EQ(found[0].field->name, "n_gpu_layers");
}

TEST(ModeAnomaly, AutoStandsAtItsEffectiveValue) {
  ReportMaker maker = modes();
  maker.report.cells[0].requested.llm.n_gpu_layers.reset();
  EXPECT_TRUE(find_anomalies(maker.report).empty()) << "auto is nowhere: 12 is the end of the axis";
  maker.report.cells[0].effective.llm.n_gpu_layers = 24;
  EXPECT_EQ(find_anomalies(maker.report).size(), 1U);
}

TEST(ModeAnomaly, WorkloadsAreNotMixed) {
  ReportMaker maker = modes();
  maker.report.cells[2].requested.workload.name = "long";
  EXPECT_TRUE(find_anomalies(maker.report).empty());
}

TEST(ModeAnomaly, WantsTheSuspectAndBothNeighboursThenAlternatives) {
  ReportMaker maker = modes();
  FollowUp follow = follow_anomalies(maker.report);
  ASSERT_EQ(follow.wanted.size(), 3U);
  for (const Wanted& wanted : follow.wanted) {
    EXPECT_EQ(wanted.repeats, 3);
    EXPECT_EQ(wanted.field, "");
  }
  repeat(maker, 1.5);
  follow = follow_anomalies(maker.report);
  ASSERT_EQ(follow.wanted.size(), 2U);
  EXPECT_EQ(follow.wanted[0].value, "10");
  EXPECT_EQ(follow.wanted[1].value, "16");
  add_variant(maker, 10, 3.5);
  add_variant(maker, 16, 1.5);
  EXPECT_TRUE(follow_anomalies(maker.report).wanted.empty());
}

TEST(ModeAnomaly, NoiseWantsNothingMore) {
  ReportMaker maker = modes();
  repeat(maker, 3.4);
  EXPECT_TRUE(follow_anomalies(maker.report).wanted.empty());
  EXPECT_EQ(ending(maker.report), "was noise");
}

TEST(ModeAnomaly, Endings) {
  ReportMaker maker = modes();
  EXPECT_EQ(ending(maker.report), "not repeated");
  repeat(maker, 1.5);
  EXPECT_EQ(ending(maker.report), "exclude");
  add_variant(maker, 16, 1.5);
  EXPECT_EQ(ending(maker.report), "exclude");
  add_variant(maker, 10, 3.0);
  EXPECT_EQ(ending(maker.report), "use 10 instead");
}

TEST(ModeAnomaly, OfTwoCuresTheFasterIsNamed) {
  ReportMaker maker = modes();
  repeat(maker, 1.5);
  add_variant(maker, 10, 3.05);
  add_variant(maker, 16, 3.5);
  EXPECT_EQ(ending(maker.report), "use 16 instead");
}

TEST(ModeAnomaly, ALargeContextIsTriedSmaller) {
  ReportMaker maker = modes();
  for (record::CellReport& cell : maker.report.cells) {
    cell.requested.llm.n_ctx = 8192;
  }
  repeat(maker, 1.5);
  const auto list = alternatives_of(maker.report, find_anomalies(maker.report).at(0));
  ASSERT_EQ(list.size(), 3U);
  EXPECT_EQ(list[2].field, "llm.primary.n_ctx");
  EXPECT_EQ(list[2].value, "auto");
  const record::Settings twelve = maker.report.cells[2].requested;
  maker.cell("small").requested = twelve;
  maker.report.cells.back().requested.llm.n_ctx.reset();
  maker.speeds("small", 3, {3.1, 3.1, 3.1});
  EXPECT_EQ(ending(maker.report), "use n_ctx=auto instead");
}

TEST(ModeAnomaly, NeighboursOneApartHaveNothingBetween) {
  ReportMaker maker;
  for (const auto& [layers, speed] : {std::pair{1, 10.0}, {2, 5.0}, {3, 10.0}}) {
    maker.cell(key_of(layers)).requested.llm.n_gpu_layers = layers;
    maker.speeds(key_of(layers), 0, {speed, speed, speed});
  }
  EXPECT_TRUE(alternatives_of(maker.report, find_anomalies(maker.report).at(0)).empty());
}

}  // namespace
}  // namespace mia::judge
