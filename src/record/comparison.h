// SPDX-License-Identifier: MIT
// A paired comparison of B against A: what was compared, what was measured and what the judge found, as it is shown,
// stored and written (docs/results-format.md, schemas/compare-v1.schema.json). Effects are ln(time of B / time of A):
// positive is slower.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "record/machine.h"
#include "record/outcome.h"
#include "record/pairs.h"
#include "record/settings.h"
#include "record/verdict.h"

namespace mia::record {

inline constexpr int kComparisonSchema = 1;

// One statistic at the look that judged it, or at the last look so far.
struct StatisticResult {
  std::string name;    // "speed" | "experience"
  std::string figure;  // "fast_quarter_ms" | "gen_latency_s" | "p95_decode_ms" | "prefill"
  Verdict verdict = Verdict::unclear;
  bool decided = false;  // no further look can change it
  bool small = false;    // faster or slower, but the whole interval lies within the margin
  std::int64_t epochs = 0;
  std::optional<double> effect;  // mean over epochs, ln
  std::optional<double> low;     // repeated interval of the test that gave the verdict: holds at all looks together
  std::optional<double> high;
  std::optional<double> level;  // of that interval: 0.9 beside "same" (two one-sided 5 %), else 1 - alpha of this one
  std::optional<std::int64_t> deviating;      // same: epochs (restarts) that differed by more than the margin
  std::optional<double> deviating_at_most;    // share of restarts that could, with 95 %
  std::optional<double> p;                    // two-sided, of this look
  std::optional<double> p_limit;              // what p had to reach
  std::string test;                           // "t" | "sign-flip"
  std::optional<double> sd;                   // of epochs
  std::optional<double> mde;                  // smallest effect found with 95 % at this look, ln, were sd the true one
  std::optional<std::int64_t> needed_epochs;  // unclear: epochs that find a change as large as the margin with 90 %
};

struct ComparedArm {
  std::string label;  // "runtime:old"
  Settings requested;
  Settings effective;
  RuntimeInfo runtime;
  ModelInfo model;
  std::optional<double> decode_tok_s;  // these three: medians over the counted pairs
  std::optional<double> prefill_tok_s;
  std::optional<double> tokens_per_s;
};

struct Comparison {
  std::string session;
  std::string started;
  std::string finished;   // "" while running
  bool complete = false;  // false: interrupted or still running
  std::string tool_version;
  Machine machine;
  ComparedArm a;
  ComparedArm b;
  std::string design = "resident pairs";  // or "alternating processes"
  Outcome outcome;                        // of the arm that ended it
  bool outcome_of_b = false;
  std::string log_tail;                // of the arm that failed
  std::vector<PairEpoch> epoch_table;  // every epoch run, voided pairs included

  Verdict verdict = Verdict::unclear;
  std::string statistic;    // which one gave the verdict
  std::string stopped;      // why it ended: "decided" | "last epoch" | "no verdict in reach" | ...
  double alpha = 0;         // of the whole comparison
  double margin = 0;        // fraction
  std::int64_t epochs = 0;  // counted
  std::int64_t voided_epochs = 0;
  std::int64_t pairs = 0;      // counted
  std::int64_t voided = 0;     // pairs
  std::int64_t set_aside = 0;  // pairs: disturbed, in epochs with enough others
  std::map<std::string, std::int64_t> void_reasons;
  std::uint64_t coin_seed = 0;
  std::vector<StatisticResult> statistics;  // one or two figures of experience may stand beside speed
  std::vector<std::string> notes;
  std::string sentence;  // what a person would say
};

// The statistic whose figures stand for the whole: the one that gave the verdict, else the first; an empty one where
// nothing was judged.
[[nodiscard]] StatisticResult deciding(const Comparison& comparison);
// 100 * (e^ln - 1): change of time per token in percent of A.
[[nodiscard]] std::optional<double> percent_of(std::optional<double> ln);
// Sets the speeds of both arms from the epoch table.
void summarize_arms(Comparison& comparison);

// With `kind`, `schema`, and the deciding statistic's effect, interval {low_percent, high_percent, low_ln, high_ln,
// level}, mde and needed_epochs at the top; voided {pairs, epochs, reasons}; arms {a, b}; the rest under the names
// above.
[[nodiscard]] Json to_json(const Comparison& comparison);
// Errors: `unsupported` for another schema, `protocol` for another document and for a member of a wrong type.
[[nodiscard]] Result<Comparison> comparison_from_json(const Json& json);

}  // namespace mia::record
