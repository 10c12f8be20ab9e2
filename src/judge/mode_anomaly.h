// SPDX-License-Identifier: MIT
// Anomalies of a report: cells along one integer setting, the modes that are clearly off both neighbours, and what
// fresh repeats and variants say of them. The rule itself is in judge/anomaly.h.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "judge/anomaly.h"
#include "record/fields.h"
#include "record/report.h"

namespace mia::judge {

struct ModeAnomaly {
  std::string cell;  // key
  std::string label;
  const record::Field* field = nullptr;  // the axis
  std::int64_t value = 0;                // on it
  std::int64_t before = 0;               // values of the neighbours
  std::int64_t after = 0;
  std::vector<std::string> neighbours;  // keys
  double gap = 0;                       // ln, positive is worse
  std::string text;
};

// From the plan's own repeats of tokens_per_s. "auto" stands at its effective value.
[[nodiscard]] std::vector<ModeAnomaly> find_anomalies(const record::Report& report);
// From the fresh repeats.
[[nodiscard]] SecondLook second_look_at(const record::Report& report, const ModeAnomaly& anomaly);

// One setting to try on the mode instead.
struct Alternative {
  std::string field;  // full key
  std::string value;
};
// Values of the axis a third of the way to each neighbour (12 between 6 and 24: 10 and 16), and the smallest context
// where a larger one was asked for.
[[nodiscard]] std::vector<Alternative> alternatives_of(const record::Report& report, const ModeAnomaly& anomaly);

// The finding "anomaly" (along n_gpu_layers "partial_offload_anomaly"): what was seen, whether it was confirmed, spread
// of p95, throttling, the alternatives, and the ending: "was noise", "use 10 instead" or "exclude"; "not repeated"
// where fresh repeats are missing.
[[nodiscard]] record::Finding diagnose(const record::Report& report, const ModeAnomaly& anomaly);

}  // namespace mia::judge
