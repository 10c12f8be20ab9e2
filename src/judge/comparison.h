// SPDX-License-Identifier: MIT
// What a paired comparison of B against A found. Effects are ln(time of B / time of A): positive is slower.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "judge/verdict.h"

namespace mia::judge {

// One statistic at the look that judged it, or at the last look so far.
struct StatisticResult {
  std::string name;    // "speed" | "experience"
  std::string figure;  // "fast_quarter_ms" | "gen_latency_s" | "p95_decode_ms" | "prefill"
  Verdict verdict = Verdict::unclear;
  bool decided = false;  // no further look can change it
  bool small = false;    // faster or slower, but the whole interval lies within the margin
  std::int64_t epochs = 0;
  std::optional<double> effect;  // mean over epochs, ln
  std::optional<double> low;     // repeated interval: holds at all looks together
  std::optional<double> high;
  double level = 0;                           // 1 - alpha of this statistic
  std::optional<double> p;                    // two-sided, of this look
  std::optional<double> p_limit;              // what p had to reach
  std::string test;                           // "t" | "sign-flip"
  std::optional<double> sd;                   // of epochs
  std::optional<double> mde;                  // smallest effect found with 95 % at this look, ln
  std::optional<std::int64_t> needed_epochs;  // unclear: epochs that would show a change as large as the margin
};

struct Comparison {
  std::string a;  // labels: "runtime:old"
  std::string b;
  Verdict verdict = Verdict::unclear;
  std::string statistic;                  // which one gave the verdict
  std::string design = "resident pairs";  // or "alternating processes"
  std::string stopped;                    // why it ended: "decided" | "last epoch" | "no verdict in reach" | ...
  std::optional<double> effect;           // of the deciding statistic
  std::optional<double> low;
  std::optional<double> high;
  double level = 0;         // coverage of [low, high] over all looks
  double alpha = 0;         // of the whole comparison
  double margin = 0;        // fraction
  std::int64_t epochs = 0;  // counted
  std::int64_t voided_epochs = 0;
  std::int64_t pairs = 0;      // counted
  std::int64_t voided = 0;     // pairs
  std::int64_t set_aside = 0;  // pairs: disturbed, in epochs with enough others
  std::map<std::string, std::int64_t> void_reasons;
  std::optional<double> mde;
  std::optional<std::int64_t> needed_epochs;
  std::uint64_t coin_seed = 0;
  std::vector<StatisticResult> statistics;  // one or two figures of experience may stand beside speed
  std::vector<std::string> notes;
  std::string sentence;  // what a person would say
};

// Keys: verdict, effect {ln, percent}, interval {low_percent, high_percent, low_ln, high_ln, level}, epochs, pairs,
// voided {pairs, epochs, reasons}, set_aside, mde {ln, percent}, statistic, a, b, and the rest under the names above.
[[nodiscard]] Json to_json(const Comparison& comparison);
// "B is slower than A: 3.1 % more time per token (+2.2 to +4.0 %), after 8 epochs".
[[nodiscard]] std::string sentence_of(const Comparison& comparison);
// "-2.1 to +0.3 %": the running interval of the first statistic for a progress line; "" while unknown.
[[nodiscard]] std::string interval_text(const StatisticResult& result);

}  // namespace mia::judge
