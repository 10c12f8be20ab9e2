// SPDX-License-Identifier: MIT
// What a trial is worth for the figures of its cell. One rule and one set of words for every output: a trial that
// sensors saw disturbed is *left out* of the figures and repeated; where every trial of a cell was disturbed they are
// *disturbed but counted*, for a noisy figure with its reason beats none. All of them stay in the report.
#pragma once

#include <span>
#include <vector>

#include "record/report.h"
#include "record/trial.h"

namespace mia::record {

enum class Standing { counted, left_out, disturbed_but_counted, failed, cancelled };

[[nodiscard]] bool is_undisturbed(const Trial& trial);  // and ended well
// `has_undisturbed`: some trial of its cell is_undisturbed().
[[nodiscard]] Standing standing_of(const Trial& trial, bool has_undisturbed);
// One for each trial.
[[nodiscard]] std::vector<Standing> standings(std::span<const Trial> trials);

// Trials were made and none of them ended well: there is no figure to show.
[[nodiscard]] bool nothing_measured(std::span<const CellReport* const> cells);
[[nodiscard]] bool nothing_measured(const Report& report);

}  // namespace mia::record
