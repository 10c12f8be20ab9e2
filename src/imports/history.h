// SPDX-License-Identifier: MIT
// Imported rows as histories beside ours.
#pragma once

#include <string>
#include <vector>

#include "store/types.h"

namespace mia::imports {

// One series for each machine, model, test and row of settings; builds are what a history goes over. A measurement that
// stands in several files is one point; a point's session is its ImportedCall::id. Labels name the test and the columns
// that differ between the series. `calls`: one metric, oldest first. Of the filter, the model may be its file's name
// with or without the folder, and the scenario is the tool.
[[nodiscard]] std::vector<store::Series> history_of(const std::vector<store::ImportedCall>& calls,
                                                    const store::SeriesFilter& filter);

}  // namespace mia::imports
