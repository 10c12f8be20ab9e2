// SPDX-License-Identifier: MIT
// Reading cells of a report: parts, values, planned and fresh repeats. A plan's own repeats are 0 to run.repeats - 1;
// what was measured later to confirm something has higher numbers and is called fresh.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "record/fields.h"
#include "record/report.h"

namespace mia::judge {

[[nodiscard]] std::optional<double> value_of(const record::CellReport& cell, std::string_view metric);

// One scenario of a report: a view, not a copy. A report without parts is one itself.
struct PartView {
  const record::Report* report = nullptr;        // never nullptr
  std::string name;                              // "" for a report without parts
  std::vector<const record::CellReport*> cells;  // in the report's order, at least one

  [[nodiscard]] const record::CellReport& first() const { return *cells.front(); }
};
// In the order of the cells.
[[nodiscard]] std::vector<PartView> parts_of(const record::Report& report);
// All cells as if they were one part's; no cells in an empty report.
[[nodiscard]] PartView whole_of(const record::Report& report);
// Whether the best cell of a part may be recommended; true for a report without parts.
[[nodiscard]] bool may_recommend(const PartView& part);

// False where the runtime made the same of both values (8 layers on a GPU that is not there).
[[nodiscard]] bool took_effect(const record::CellReport& cell, const record::CellReport& like,
                               const record::Field& field);
// Another model or runtime, or a setting of the runtime that differs and took effect.
[[nodiscard]] bool differs_in_effect(const record::CellReport& cell, const record::CellReport& like);

[[nodiscard]] const record::CellReport* find_cell(const record::Report& report, std::string_view key);
// The cell that was asked for the same but for one field; run.* and thresholds do not count.
[[nodiscard]] const record::CellReport* find_variant(const record::Report& report, const record::CellReport& like,
                                                     std::string_view field, std::string_view value);

// Which repeats of a cell: the plan's own, and fresh ones from `from` (counted from 0) to before `to`.
struct Repeats {
  bool own = false;
  std::int64_t from = 0;
  std::int64_t to = std::numeric_limits<std::int64_t>::max();

  static const Repeats planned;
  static const Repeats fresh;
  static const Repeats all;
};
inline constexpr Repeats Repeats::planned{true, 0, 0};
inline constexpr Repeats Repeats::fresh{};
inline constexpr Repeats Repeats::all{true};

// Trials of a cell that are undisturbed, in the order of their repeats.
[[nodiscard]] std::vector<const record::Trial*> counted(const record::Report& report, const record::CellReport& cell,
                                                        Repeats which);
[[nodiscard]] std::vector<double> values_of(const record::Report& report, const record::CellReport& cell,
                                            std::string_view metric, Repeats which);
// Repeats that were tried, however they ended.
[[nodiscard]] std::int64_t tried(const record::Report& report, const record::CellReport& cell, Repeats which);

}  // namespace mia::judge
