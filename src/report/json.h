// SPDX-License-Identifier: MIT
// The document written to reports/*.json. Its fields are described in docs/results-format.md and checked against
// schemas/report-v2.schema.json. Reading takes the record's own members only: what is derived (rows, top-level figures)
// is made again on writing, so it cannot disagree.
#pragma once

#include <filesystem>
#include <string>
#include <variant>

#include "base/json.h"
#include "base/result.h"
#include "record/comparison.h"
#include "record/report.h"

namespace mia::report {

// Reports of one cell carry every metric of record::metrics() at the top level (medians over the repeats); reports of
// several cells carry `rows` with the seed's column names. `content_hash` covers everything else.
[[nodiscard]] Json to_document(const record::Report& report);
// schemas/compare-v1.schema.json.
[[nodiscard]] Json to_document(const record::Comparison& comparison);

// What to do with a document that was changed after it was written (its content_hash is absent or does not match).
enum class Edited { refuse, allow };

// Fields that a newer writer added are ignored. Errors: `unsupported` for another schema, `protocol` for a document
// that is no report or was edited.
[[nodiscard]] Result<record::Report> from_document(const Json& document, Edited edited = Edited::refuse);
// The same for a comparison.
[[nodiscard]] Result<record::Comparison> comparison_of(const Json& document, Edited edited = Edited::refuse);
// Of a file by read_document(); messages name the file.
[[nodiscard]] Result<record::Report> read_report(const std::filesystem::path& path, Edited edited = Edited::refuse);
[[nodiscard]] Result<record::Comparison> read_comparison(const std::filesystem::path& path,
                                                         Edited edited = Edited::refuse);
using Found = std::variant<record::Report, record::Comparison>;
[[nodiscard]] Result<Found> read_result(const std::filesystem::path& path, Edited edited = Edited::refuse);

// Indented JSON with lists of plain values on one line, so that token times do not fill pages. Ends in a newline.
[[nodiscard]] std::string pretty_json(const Json& json);

// One trial per line, each with its scenario, session, model and runtime.
[[nodiscard]] std::string to_jsonl(const record::Report& report);

}  // namespace mia::report
