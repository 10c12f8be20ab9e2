// SPDX-License-Identifier: MIT
// The pictures of a report, chosen by what it varied: each an argument with its uncertainty, its raw points and the
// disturbed ones marked. docs/results-format.md names them.
#pragma once

#include <span>
#include <vector>

#include "document/document.h"
#include "record/comparison.h"
#include "record/report.h"

namespace mia::report {

// Charts under the headings of the parts that they belong to; empty where nothing was measured.
[[nodiscard]] std::vector<document::Block> pictures_of(const record::Report& report);
// `looks`: the deciding statistic epoch by epoch.
[[nodiscard]] std::vector<document::Block> pictures_of(const record::Comparison& comparison,
                                                       std::span<const record::StatisticResult> looks);

}  // namespace mia::report
