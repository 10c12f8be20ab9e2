// SPDX-License-Identifier: MIT
// What `compare` found, for people. Verdicts are of B against A; effects are changes of time per token in percent of A,
// so that a positive effect is slower.
#pragma once

#include "document/document.h"
#include "record/comparison.h"

namespace mia::report {

[[nodiscard]] document::Document document_of(const record::Comparison& comparison);

}  // namespace mia::report
