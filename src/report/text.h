// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "record/report.h"

namespace mia::report {

struct TextOptions {
  int width = 100;       // columns of the terminal; tables shrink and prose wraps to it
  bool color = false;    // ANSI colours
  bool latency = false;  // percentiles and the histogram of the inter-token latency, in every scenario
};

// For the terminal: what was measured, a table with intervals and outcomes, findings, checks, the closing sentence.
[[nodiscard]] std::string to_text(const record::Report& report, const TextOptions& options = {});

}  // namespace mia::report
