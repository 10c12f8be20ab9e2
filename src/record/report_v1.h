// SPDX-License-Identifier: MIT
// What reports of schema 1 say as text and schema 2 as data. For their reader alone.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "record/point.h"
#include "record/table_shape.h"

namespace mia::record {

// "n_threads=auto short" of a cell whose requested settings are `requested`. A word such as "physical" stands for the
// requested value where `is_requested`, and for an unknown one in the label of an equal cell.
[[nodiscard]] Point point_from_label(std::string_view label, std::string_view scenario, const Settings& requested,
                                     bool is_requested);
// "n_threads=2 n_batch=auto"; what is no setting is left out.
[[nodiscard]] SettingList recommendation_from_text(std::string_view text);
// Of the built-in scenarios: the shape of the table and the stem of the files went by the name; plain and "" of others.
[[nodiscard]] std::optional<TableShape> table_of_scenario(std::string_view name);
[[nodiscard]] std::string stem_of_scenario(std::string_view name);

}  // namespace mia::record
