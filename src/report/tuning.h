// SPDX-License-Identifier: MIT
// What `tune` raced and found, for people and as a file.
#pragma once

#include "base/json.h"
#include "base/result.h"
#include "document/document.h"
#include "record/tuning.h"

namespace mia::report {

[[nodiscard]] document::Document document_of(const record::Tuning& tuning);
// docs/results-format.md, "perf_tune.json"; with content_hash.
[[nodiscard]] Json to_document(const record::Tuning& tuning);
// Its races block by block, from such a document. Error kind usage for another one, and for one that was edited.
[[nodiscard]] Result<document::Document> explain_tuning(const Json& tuning);

}  // namespace mia::report
