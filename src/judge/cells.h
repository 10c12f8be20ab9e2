// SPDX-License-Identifier: MIT
// Reading cells of a report: parts, values, planned and fresh repeats. A plan's own repeats are 0 to run.repeats - 1;
// what was measured later to confirm something has higher numbers and is called fresh.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "record/fields.h"
#include "record/report.h"

namespace mia::judge {

[[nodiscard]] std::optional<double> value_of(const record::CellReport& cell, std::string_view metric);

// Names of the parts in the order of the cells; one "" for a report without parts.
[[nodiscard]] std::vector<std::string> parts_of(const record::Report& report);
// The report as if it held that part only: its cells and trials, nothing found yet. The part's name is the scenario.
[[nodiscard]] record::Report only_part(const record::Report& report, std::string_view part);
// Whether the best cell of a part may be recommended; true for a report without parts.
[[nodiscard]] bool may_recommend(const record::Report& report, std::string_view part);

// False where the runtime made the same of both values (8 layers on a GPU that is not there).
[[nodiscard]] bool took_effect(const record::CellReport& cell, const record::CellReport& like,
                               const record::Field& field);
// Another model or runtime, or a setting of the runtime that differs and took effect.
[[nodiscard]] bool differs_in_effect(const record::CellReport& cell, const record::CellReport& like);

[[nodiscard]] const record::CellReport* find_cell(const record::Report& report, std::string_view key);
// The cell that was asked for the same but for one field; run.* and thresholds do not count.
[[nodiscard]] const record::CellReport* find_variant(const record::Report& report, const record::CellReport& like,
                                                     std::string_view field, std::string_view value);
[[nodiscard]] bool same_request(const record::Settings& a, const record::Settings& b);

enum class Repeats { planned, fresh, all };
// Trials of a cell that count (ok and not voided), in the order of their repeats.
[[nodiscard]] std::vector<const record::Trial*> counted(const record::Report& report, const record::CellReport& cell,
                                                        Repeats which);
[[nodiscard]] std::vector<double> values_of(const record::Report& report, const record::CellReport& cell,
                                            std::string_view metric, Repeats which);
// Fresh repeats that were tried, however they ended.
[[nodiscard]] std::int64_t fresh_tried(const record::Report& report, const record::CellReport& cell);

}  // namespace mia::judge
