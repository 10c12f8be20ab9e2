// SPDX-License-Identifier: MIT
#include "judge/caveats.h"

#include <gtest/gtest.h>

#include "judge/conclude.h"
#include "reports.h"

namespace mia::judge {
namespace {

ReportMaker five_trials() {
  ReportMaker maker;
  maker.cell("baseline", 5);
  maker.speeds("baseline", 0, {10, 10, 10, 10, 10});
  maker.report.cells[0].outcomes = {{"ok", 5}};
  maker.report.complete = true;
  return maker;
}

void disturb(record::Trial& trial) {
  trial.conditions.voided_by = {"other programs used 1.20 CPUs, limit 0.50"};
}

TEST(Caveats, AWholeRunHasNone) {
  EXPECT_EQ(caveats_of(five_trials().report), "");
}

TEST(Caveats, FailedTrialsAreCounted) {
  ReportMaker maker = five_trials();
  maker.failures("baseline", 5, 2);
  EXPECT_EQ(caveats_of(maker.report), "2 of 7 trials failed.");
}

TEST(Caveats, RepeatedAndLeftOutAreToldApart) {
  ReportMaker maker = five_trials();
  disturb(maker.report.trials[1]);
  EXPECT_EQ(caveats_of(maker.report), "1 of 5 trials was disturbed from outside and left out.");
  maker.speeds("baseline", 1, {10});
  EXPECT_EQ(caveats_of(maker.report), "1 of 6 trials was disturbed from outside, left out and repeated.");
  disturb(maker.report.trials[2]);
  maker.speeds("baseline", 2, {10});
  EXPECT_EQ(caveats_of(maker.report), "2 of 7 trials were disturbed from outside, left out and repeated.");
}

TEST(Caveats, WhereAllWereDisturbedTheyCount) {
  ReportMaker maker = five_trials();
  for (record::Trial& trial : maker.report.trials) {
    disturb(trial);
  }
  EXPECT_EQ(caveats_of(maker.report),
            "5 of 5 trials were disturbed from outside but counted, for want of better ones.");
}

TEST(Caveats, TheClosingSentenceCarriesThem) {
  ReportMaker maker = five_trials();
  maker.report.cells[0].metrics["decode_tok_s"].value = 10;
  maker.failures("baseline", 5, 1);
  maker.report.complete = false;
  conclude(maker.report);
  EXPECT_TRUE(maker.report.sentence.ends_with(" 1 of 6 trials failed. The run did not finish."))
      << maker.report.sentence;
}

TEST(Caveats, TheBudgetsEndIsSaid) {
  ReportMaker maker = five_trials();
  maker.report.findings.push_back({"budget", record::Severity::info, "the budget is used up", {}});
  EXPECT_EQ(caveats_of(maker.report), "The budget ended the run before all was measured.");
}

TEST(Caveats, ACauseThatStoppedEverythingIsSaidOnce) {
  ReportMaker maker;
  maker.cell("n_threads=1");
  maker.cell("n_threads=2");
  for (record::CellReport& cell : maker.report.cells) {
    maker.failures(cell.key, 0, 2);
    cell.outcomes = {{"crashed", 2}};
    cell.failure = "crashed (SIGSEGV) in load";
  }
  maker.report.complete = true;
  record::Report same = maker.report;
  conclude(same);
  EXPECT_EQ(same.sentence, "Nothing could be measured: crashed (SIGSEGV) in load.");
  EXPECT_TRUE(same.findings.empty()) << "the sentence says it";
  maker.report.cells[1].failure = "timed out in load";
  conclude(maker.report);
  EXPECT_EQ(maker.report.sentence, "Nothing could be measured, for 2 different causes.");
  EXPECT_EQ(maker.report.findings.size(), 2U) << "one for each cell";
}

}  // namespace
}  // namespace mia::judge
