// SPDX-License-Identifier: MIT
// Two samples measured in different sessions: imported results, or a report against its baseline. Sessions differ by
// more than their runs do (neighbours, frequency, page placement), and two sessions cannot tell that difference from a
// change of the program. So the interval carries the standard deviation between sessions, from history where there is
// one and else assumed, and says so.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "base/json.h"
#include "record/metrics.h"
#include "record/verdict.h"

namespace mia::judge {

// Standard deviation of ln(session level) between sessions of the same thing: what one level may be off by, the spread
// inside its session included.
struct SessionNoise {
  double sd = 0.05;           // cautious guess for a machine that was never watched
  std::int64_t sessions = 0;  // how many it was estimated from; 0: assumed
};
// From the levels (medians) of past sessions in time order, without the changes between them: of successive differences
// of ln the larger of what their median and their mean square say. Assumed noise below 5 sessions. Values that are not
// positive and finite are left out.
[[nodiscard]] SessionNoise session_noise(std::span<const double> levels);

struct UnpairedOptions {
  double alpha = 0.01;
  double margin = 0.03;
  double floor = 0.01;
  record::Better better = record::Better::lower;
  SessionNoise noise;
};

struct UnpairedResult {
  record::Verdict verdict = record::Verdict::unclear;
  std::optional<double> effect;  // ln(time of B / time of A), or its negative for rates: positive is slower
  std::optional<double> low;
  std::optional<double> high;
  std::optional<double> at_most;  // slower by less than this with 95 %, ln
  double level = 0;
  std::int64_t n_a = 0;
  std::int64_t n_b = 0;
  SessionNoise noise;
  std::string text;  // one sentence that says the samples are unpaired
};

// B against A; the samples are values of one metric (positive and finite, others are left out).
[[nodiscard]] UnpairedResult compare_unpaired(std::span<const double> a, std::span<const double> b,
                                              const UnpairedOptions& options = {});
// "unpaired samples of 5 and 5, noise 2.1 % between sessions, seen in 12".
[[nodiscard]] std::string samples_text(const UnpairedResult& result);
[[nodiscard]] Json to_json(const UnpairedResult& result);

}  // namespace mia::judge
