// SPDX-License-Identifier: MIT
// The seed's tables as rows of figures: one source for the JSON rows, the terminal and the Markdown twin.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "document/document.h"
#include "document/value.h"
#include "record/cell_figures.h"
#include "record/fields.h"
#include "record/report.h"
#include "record/value.h"

namespace mia::report {

using NumberFigure = document::Number;
using document::MetricStyle;
using document::NumberStyle;
using document::style_of;
using SettingFigure = document::Setting;
using WordFigure = document::Word;

// One place of a row. `name` is the JSON key, the seed's where the seed has one.
struct Figure {
  std::string name;
  std::string heading;  // empty: only in JSON
  document::Value what;
};

struct Row {
  std::vector<Figure> figures;
  std::string failure;        // outcome of a cell that did not end well
  record::DecodeCurve curve;  // may be empty
};

// One table: rows that share their columns. A probe has one for each of its parts.
struct RowSet {
  std::string part;  // scenario whose shape the rows have
  std::vector<Row> rows;
};

// A cell key "cpu-tuning/..." in a probe puts the cell into that part; elsewhere there is one part. A cell measured
// once under several names has a row for each. `latency`: percentiles have a place in the table, too.
[[nodiscard]] std::vector<RowSet> row_sets(const record::Report& report, bool latency);
// What the report itself asks for: the table of latencies, or run.latency_dist.
[[nodiscard]] bool wants_latency(const record::Report& report);

// The part and the outcome of each row beside its figures; the outcome is shown when a row failed.
[[nodiscard]] document::Table to_table(const RowSet& rows);
// The best row by speed and the seed's ratios at their worst, by name; null where no row has them.
[[nodiscard]] Json aggregates(const RowSet& rows);
// How the cell asked for the field where a word stood for the value: "physical"; "" else.
[[nodiscard]] std::string word_for(const record::CellReport& cell, const record::Field& field);
// Fields that differ between the requests of the cells or in how they were asked for, in the table's order; workload.*
// only when `with_workload`.
[[nodiscard]] std::vector<const record::Field*> varying_fields(std::span<const record::CellReport* const> cells,
                                                               bool with_workload);

}  // namespace mia::report
