// SPDX-License-Identifier: MIT
#pragma once

#include "base/json.h"
#include "document/document.h"

namespace mia::document {

// One object per row. A setting x is written as x (asked for) and x_effective, a number with an interval also as x_low
// and x_high; the reasons of nulls stand in null_reasons.
[[nodiscard]] Json to_json(const Table& table);

}  // namespace mia::document
