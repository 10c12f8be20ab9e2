// SPDX-License-Identifier: MIT
#include "measure/summary.h"

#include <gtest/gtest.h>

namespace mia::measure {
namespace {

// A trial whose only run writes `tokens` tokens, one every `ms`.
record::Trial trial_of(std::int64_t repeat, double ms, std::int64_t tokens = 11) {
  record::Trial trial;
  trial.cell = "c";
  trial.repeat = repeat;
  record::Run run;
  run.input = "tokens";
  for (std::int64_t i = 1; i <= tokens; ++i) {
    run.token_ns.push_back(static_cast<std::int64_t>(static_cast<double>(i) * ms * 1e6));
  }
  run.tokens_out = tokens;
  trial.runs = {run};
  return trial;
}

std::vector<const record::Trial*> pointers(const std::vector<record::Trial>& trials) {
  std::vector<const record::Trial*> list;
  for (const record::Trial& trial : trials) {
    list.push_back(&trial);
  }
  return list;
}

const record::Metric& metric(const char* name) {
  return *record::find_metric(name);
}

TEST(Counted, LeavesOutFailedAndDisturbedTrials) {
  std::vector<record::Trial> trials = {trial_of(0, 10), trial_of(1, 10), trial_of(2, 10), trial_of(3, 10)};
  trials[1].outcome.kind = record::OutcomeKind::crashed;
  trials[2].conditions.voided_by = {"steal"};
  trials[3].cell = "other";
  EXPECT_EQ(counted(trials, "c").size(), 1U);
  trials[0].conditions.voided_by = {"steal"};
  EXPECT_EQ(counted(trials, "c").size(), 2U) << "when all are voided those that ended well count";
}

TEST(Summarize, TheMedianHasAnIntervalFromFiveTrialsOn) {
  std::vector<record::Trial> trials;
  for (int i = 0; i < 4; ++i) {
    trials.push_back(trial_of(i, 10 + i));
  }
  auto summary = summarize(metric("mean_decode_ms"), pointers(trials), "");
  EXPECT_DOUBLE_EQ(*summary.value, 11.5);
  EXPECT_FALSE(summary.low);
  trials.push_back(trial_of(4, 14));
  summary = summarize(metric("mean_decode_ms"), pointers(trials), "");
  EXPECT_DOUBLE_EQ(*summary.value, 12);
  EXPECT_DOUBLE_EQ(*summary.low, 10);
  EXPECT_DOUBLE_EQ(*summary.high, 14);
  EXPECT_NEAR(*summary.level, 1 - 2.0 / 32, 1e-9);
  EXPECT_EQ(summary.n, 5);
}

TEST(Summarize, PercentilesNeedEnoughIntervalsInEveryRun) {
  const std::vector<record::Trial> enough = {trial_of(0, 10, 60), trial_of(1, 10, 61)};
  EXPECT_TRUE(summarize(metric("p95_decode_ms"), pointers(enough), "").value);
  const std::vector<record::Trial> few = {trial_of(0, 10, 60), trial_of(1, 10, 59)};
  const auto summary = summarize(metric("p95_decode_ms"), pointers(few), "");
  EXPECT_FALSE(summary.value);
  EXPECT_NE(summary.null_reason.find("59"), std::string::npos);
  EXPECT_NE(summary.null_reason.find("58"), std::string::npos);
}

TEST(Summarize, SaysWhyThereIsNothing) {
  EXPECT_EQ(summarize(metric("load_ms"), {}, "crashed in load").null_reason, "crashed in load");
  EXPECT_FALSE(summarize(metric("words_out"), pointers({trial_of(0, 10)}), "").null_reason.empty());
  std::vector<record::Trial> watched = {trial_of(0, 10)};
  const auto reason = [&] { return summarize(metric("energy_j_per_token"), pointers(watched), "").null_reason; };
  EXPECT_EQ(reason(), "no GPU that counts its energy");
  watched[0].conditions.gpu_power_w = 100;
  EXPECT_NE(reason().find("did not move within a run"), std::string::npos) << reason();
}

TEST(DeltaOf, PairsRoundsNotMeans) {
  // The machine slows down tenfold between the rounds; the cell is twice as fast in each.
  const std::vector<record::Trial> reference = {trial_of(0, 10), trial_of(1, 100), trial_of(2, 1000)};
  const std::vector<record::Trial> cell = {trial_of(0, 5), trial_of(1, 50), trial_of(2, 500)};
  const Delta delta = delta_of(pointers(cell), pointers(reference));
  EXPECT_NEAR(*delta.value, 1.0, 1e-9);
  EXPECT_FALSE(delta.low) << "three rounds have no interval";
  EXPECT_FALSE(delta_of(pointers({trial_of(7, 5)}), pointers(reference)).value) << "no common round";
  // Two tries of one round, both disturbed: they count for the figures of their cell, and for no difference.
  std::vector<record::Trial> tries = {trial_of(0, 10), trial_of(0, 40)};
  for (record::Trial& trial : tries) {
    trial.conditions.voided_by = {"steal"};
  }
  EXPECT_FALSE(delta_of(pointers({trial_of(0, 20)}), pointers(tries)).value);
  EXPECT_FALSE(delta_of(pointers(tries), pointers({trial_of(0, 20)})).value);
  tries.push_back(trial_of(0, 20));
  EXPECT_NEAR(*delta_of(pointers({trial_of(0, 20)}), pointers(tries)).value, 0, 1e-9);
}

}  // namespace
}  // namespace mia::measure
