// SPDX-License-Identifier: MIT
// The seed's table of a change: mode | short_tps_before | short_tps_after | long_tps_before | long_tps_after |
// Δshort% | Δlong%, from two reports.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "document/document.h"
#include "record/report.h"

namespace mia::report {

struct BeforeAfterRow {
  std::string mode;  // "n_gpu_layers=6"
  record::Summary short_before;
  record::Summary short_after;
  record::Summary long_before;
  record::Summary long_after;
  std::optional<double> delta_short_percent;
  std::optional<double> delta_long_percent;
};

struct BeforeAfter {
  std::string before;  // what the first report is: scenario, runtime version, date
  std::string after;
  std::vector<BeforeAfterRow> rows;
  std::vector<std::string> notes;  // what else differs (machine, model, runtime), modes only in one, unpaired
};

// Cells are matched by the settings that vary in either report; a single cell matches a single cell. A workload of
// another name than short and long is part of its mode, in the columns of short; a report that takes tokens apart is
// left out, and a note says so.
[[nodiscard]] BeforeAfter before_after(const record::Report& before, const record::Report& after);

[[nodiscard]] document::Document document_of(const BeforeAfter& table);
[[nodiscard]] Json to_json(const BeforeAfter& table);

}  // namespace mia::report
