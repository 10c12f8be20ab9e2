// SPDX-License-Identifier: MIT
#include "judge/axis_effect.h"

#include <gtest/gtest.h>

#include "judge/conclude.h"
#include "reports.h"

namespace mia::judge {
namespace {

// Two layer counts, flash attention off and on in each.
ReportMaker four_cells() {
  ReportMaker maker;
  for (const std::int64_t layers : {6, 12}) {
    for (const char* const flash : {"off", "on"}) {
      record::CellReport& cell = maker.cell(std::to_string(layers) + flash, 5);
      cell.requested.llm.n_gpu_layers = layers;
      cell.requested.llm.flash_attn = flash;
    }
  }
  return maker;
}

TEST(AxisEffect, EachPairOfCellsCountsAgainstItsOwnLike) {
  ReportMaker maker = four_cells();
  maker.speeds("6off", 0, {10, 10, 10, 10, 10});
  maker.speeds("6on", 0, {11, 11, 11, 11, 9});
  maker.speeds("12off", 0, {20, 20, 20, 20, 20});
  maker.speeds("12on", 0, {26, 26, 26, 26, 26});
  const auto effects = axis_effects(whole_of(maker.report));
  ASSERT_EQ(effects.size(), 2U) << "layers and flash attention have two values each";
  const AxisEffect& flash = effects[0].name == "flash_attn" ? effects[0] : effects[1];
  EXPECT_EQ(flash.from, "off");
  EXPECT_EQ(flash.to, "on");
  EXPECT_EQ(flash.settings, 2);
  EXPECT_NEAR(flash.low, 1.1, 1e-6);
  EXPECT_NEAR(flash.high, 1.3, 1e-6);
  EXPECT_EQ(flash.pairs, 10);
  EXPECT_EQ(flash.faster, 9);
  EXPECT_NEAR(flash.p, 2 * 22.0 / 1024, 1e-9);
  EXPECT_EQ(sentence_of(flash),
            "flash_attn=on runs at 1.10 to 1.30 times the speed of off, by the settings (2 compared, faster in 9 "
            "of 10 pairs, p = 4.3 %). ");
  conclude(maker.report);
  EXPECT_NE(maker.report.sentence.find("flash_attn=on runs at"), std::string::npos) << maker.report.sentence;
}

TEST(AxisEffect, WhatNoCoinDoesIsSaidPlainly) {
  ReportMaker maker = four_cells();
  for (const char* const key : {"6off", "12off"}) {
    maker.speeds(key, 0, {20, 20, 20, 20, 20});
  }
  for (const char* const key : {"6on", "12on"}) {
    maker.speeds(key, 0, {10, 10, 10, 10, 10});
  }
  for (const AxisEffect& effect : axis_effects(whole_of(maker.report))) {
    if (effect.name == "flash_attn") {
      EXPECT_NEAR(effect.p, 2 * 2.0 / 1024, 1e-9);
      EXPECT_EQ(sentence_of(effect),
                "flash_attn=on runs at 0.50 times the speed of off, by the settings (2 "
                "compared, faster in 0 of 10 pairs, p = 0.4 %). ");
    }
  }
}

// Faster by a fifth in one setting and slower in the other, every time: that is no coin.
TEST(AxisEffect, OppositeEffectsAreNotChance) {
  ReportMaker maker = four_cells();
  const std::vector<double> slow(9, 10.0);
  const std::vector<double> fast(9, 12.0);
  maker.speeds("6off", 0, slow);
  maker.speeds("6on", 0, fast);
  maker.speeds("12off", 0, fast);
  maker.speeds("12on", 0, slow);
  for (record::CellReport& cell : maker.report.cells) {
    cell.requested.run.repeats = 9;
  }
  for (const AxisEffect& effect : axis_effects(whole_of(maker.report))) {
    EXPECT_EQ(effect.faster, 9);
    EXPECT_LT(effect.p, 0.01) << effect.name;
  }
}

TEST(AxisEffect, EqualTimesAreNoCoinsAndFreshRepeatsDoNotCount) {
  ReportMaker maker = four_cells();
  for (const char* const key : {"6off", "6on", "12off", "12on"}) {
    maker.speeds(key, 0, {20, 20, 20, 20, 20});
  }
  maker.speeds("6on", 5, {90, 90, 90, 90, 90, 90});
  maker.speeds("6off", 5, {20, 20, 20, 20, 20, 20});
  for (const AxisEffect& effect : axis_effects(whole_of(maker.report))) {
    EXPECT_EQ(effect.pairs, 10);
    EXPECT_EQ(effect.p, 1);
  }
}

TEST(AxisEffect, ValuesOfWhichTheRuntimeMadeTheSameAreNotCompared) {
  ReportMaker maker = four_cells();
  for (record::CellReport& cell : maker.report.cells) {
    maker.speeds(cell.key, 0, {20, 21, 22});
    cell.effective.llm.n_gpu_layers = 0;
    cell.effective.llm.flash_attn = cell.requested.llm.flash_attn;
  }
  const auto effects = axis_effects(whole_of(maker.report));
  ASSERT_EQ(effects.size(), 1U);
  EXPECT_EQ(effects[0].name, "flash_attn");
}

TEST(AxisEffect, ThreeValuesOrOnePairAreNoSwitch) {
  ReportMaker maker;
  for (const std::int64_t threads : {1, 2, 3}) {
    maker.cell(std::to_string(threads)).requested.llm.n_threads = threads;
    maker.speeds(std::to_string(threads), 0, {10, 10, 10});
  }
  EXPECT_TRUE(axis_effects(whole_of(maker.report)).empty());
  maker.report.cells.pop_back();
  EXPECT_TRUE(axis_effects(whole_of(maker.report)).empty()) << "one pair is what the sentence on the best cell says";
}

}  // namespace
}  // namespace mia::judge
