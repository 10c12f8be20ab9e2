// SPDX-License-Identifier: MIT
#include "record/standing.h"

#include <gtest/gtest.h>

namespace mia::record {
namespace {

Trial trial_of(const char* cell, OutcomeKind kind, bool disturbed = false) {
  Trial trial;
  trial.cell = cell;
  trial.outcome.kind = kind;
  if (disturbed) {
    trial.conditions.voided_by = {"steal"};
  }
  return trial;
}

TEST(Standing, ADisturbedTrialIsLeftOutWhereAnotherCounts) {
  const std::vector<Trial> trials = {trial_of("a", OutcomeKind::ok, true), trial_of("a", OutcomeKind::ok),
                                     trial_of("b", OutcomeKind::ok, true), trial_of("b", OutcomeKind::crashed),
                                     trial_of("b", OutcomeKind::cancelled)};
  EXPECT_EQ(standings(trials),
            (std::vector<Standing>{Standing::left_out, Standing::counted, Standing::disturbed_but_counted,
                                   Standing::failed, Standing::cancelled}));
}

TEST(Standing, NothingIsMeasuredWhereNoTrialEndedWell) {
  Report report;
  EXPECT_FALSE(nothing_measured(report));
  report.cells.resize(2);
  EXPECT_FALSE(nothing_measured(report)) << "nothing was tried yet";
  report.cells[0].outcomes = {{"crashed", 2}};
  EXPECT_TRUE(nothing_measured(report));
  report.cells[1].outcomes = {{"ok", 1}, {"timed_out", 1}};
  EXPECT_FALSE(nothing_measured(report));
}

}  // namespace
}  // namespace mia::record
