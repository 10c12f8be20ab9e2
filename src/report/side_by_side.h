// SPDX-License-Identifier: MIT
#pragma once

#include <span>

#include "document/document.h"
#include "record/report.h"

namespace mia::report {

// Reports beside one another, to look at: what each was, and the speed of each cell in each of them with its interval.
// Nothing is concluded: they were measured at different times.
[[nodiscard]] document::Document side_by_side(std::span<const record::Report> reports);

}  // namespace mia::report
