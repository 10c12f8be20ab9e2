// SPDX-License-Identifier: MIT
// What the closing sentence of a report must not leave out.
#pragma once

#include <span>
#include <string>

#include "record/report.h"

namespace mia::judge {

// "1 of 5 trials failed. 2 of 7 trials were disturbed from outside, left out and repeated. The run did not finish.";
// "" when all went well.
[[nodiscard]] std::string caveats_of(const record::Report& report);

// "Nothing could be measured: " and the cause, when all cells have the same; record::nothing_measured() must hold.
[[nodiscard]] std::string failure_sentence(std::span<const record::CellReport* const> cells);
// The only cause for which nothing could be measured; "" when something was, or when there are several causes.
[[nodiscard]] std::string only_cause(std::span<const record::CellReport* const> cells);

}  // namespace mia::judge
