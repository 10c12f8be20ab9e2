// SPDX-License-Identifier: MIT
// Documents of reports: what was measured on what, the table, what it means, the checks, how sure, under which
// conditions, how to repeat it.
#pragma once

#include <filesystem>
#include <string>

#include "document/document.h"
#include "document/text.h"
#include "record/report.h"

namespace mia::report {

enum class Extent { usual, everything };  // everything: also the metrics and notes that only some look for

[[nodiscard]] document::Document document_of(const record::Report& report, Extent extent = Extent::usual);

// For one HTML page: what it means, the checks, the pictures, then everything.
[[nodiscard]] document::Document page_of(const record::Report& report);

// What the gate says: every line that judged with value, limit and verdict, what judged it, and the verdict. Limits
// that are not set are named in one line.
[[nodiscard]] document::Document gate_document(const record::Report& report);

// For a page that shows many: the verdict, the checks, the table, the findings.
[[nodiscard]] document::Document summary_document(const record::Report& report);

// The twin of the JSON document, for a colleague with two minutes.
[[nodiscard]] std::string to_markdown(const record::Report& report);

// The metrics for docs/results-format.md, from record::metrics().
[[nodiscard]] document::Table metrics_list();

}  // namespace mia::report
