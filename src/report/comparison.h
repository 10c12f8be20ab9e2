// SPDX-License-Identifier: MIT
// What `compare` found, for people. Verdicts are of B against A; effects are changes of time per token in percent of A,
// so that a positive effect is slower.
#pragma once

#include <span>

#include "document/document.h"
#include "record/comparison.h"

namespace mia::report {

[[nodiscard]] document::Document document_of(const record::Comparison& comparison);

// With pictures; `looks`: the deciding statistic epoch by epoch.
[[nodiscard]] document::Document page_of(const record::Comparison& comparison,
                                         std::span<const record::StatisticResult> looks);

}  // namespace mia::report
