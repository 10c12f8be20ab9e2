// SPDX-License-Identifier: MIT
// How well the models of a plan predict a text: perplexity of each, and divergence from the first one. Measured after
// the timed trials, in workers of their own; nothing here is timed.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "measure/plan.h"
#include "measure/trial.h"
#include "record/report.h"

namespace mia::measure {

struct QualityText {
  std::string name;  // "built-in" or the file
  std::string text;
};
// run.quality_file, else the text that is installed with the program. Errors of kind io name the file.
[[nodiscard]] Result<QualityText> quality_text(const record::Settings& settings);

// One entry for each model and runtime of the plan, in its order. Models whose tokenizers differ from the first one's
// have a perplexity, but no divergence; whatever could not be computed is null with its reason. Stops early when
// interrupted.
[[nodiscard]] std::vector<record::Quality> measure_quality(const Plan& plan, const QualityText& text, Bench& bench);

}  // namespace mia::measure
