// SPDX-License-Identifier: MIT
// Where a token's time goes, by differences between runs that leave one thing out each. The scenario names its
// workloads by what they still do:
//   prompt  reads the prompt and gives one token
//   queue   feeds known tokens, and waits for the device only once, at the end
//   decode  feeds known tokens, and waits after each
//   sample  chooses each token
//   stream  also makes its text at once
#pragma once

#include <span>
#include <vector>

#include "measure/plan.h"
#include "record/report.h"

namespace mia::measure {

// For each mode (cells that differ in the workload alone) the parts prompt, decode, waits, sampling, text and whole,
// per token of the stream cell; medians over the differences of trials of the same repeat. Empty unless every workload
// of the plan is one of the five.
[[nodiscard]] std::vector<record::TimePart> time_parts(const Plan& plan, std::span<const record::Trial> trials);

}  // namespace mia::measure
