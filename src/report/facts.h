// SPDX-License-Identifier: MIT
// The facts of a report as sentences and tables. Internal to the room.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "document/document.h"
#include "record/report.h"

namespace mia::report {

// "baseline: SmolLM2 135M Instruct (Q4_1) on llama.cpp 0.5.0".
[[nodiscard]] std::string title_of(const record::Report& report);

// "NVIDIA H200, 140.40 GiB, driver 580.159.04"; what the driver did not tell in words.
[[nodiscard]] std::string gpu_line(const record::GpuInfo& gpu);

// Name and value: machine, processor, memory, system, GPUs, runtimes, models, settings, cache, when.
[[nodiscard]] document::Facts conditions_of(const record::Report& report);

// How sure: trials and their outcomes, what the intervals cover, drift, disturbed and unsteady trials, steal.
// `everything`: also what asks for no act and no doubt.
[[nodiscard]] std::vector<std::string> certainty_of(const record::Report& report, bool everything);

// One metric per line with median, interval, range and n, then the physical limits: the table of a report of one cell.
[[nodiscard]] document::Table metrics_table(const record::CellReport& cell, bool latency);
// What a part of a probe said; "" elsewhere.
[[nodiscard]] std::string part_sentence(const record::Report& report, std::string_view part);

// "value 5.1, limit 5.0 tok/s: why".
[[nodiscard]] std::string describe_check(const record::Check& check);
[[nodiscard]] document::Table checks_table(const record::Report& report);
// What judged: the accepted report, the statistic, the profile of limits. One line each.
[[nodiscard]] std::vector<std::string> judgement_facts(const record::Judgement& judgement);

// One line for each part of a token's time; no rows where the report has none.
[[nodiscard]] document::Table time_parts_table(const record::Report& report);

// The command that measures the same again.
[[nodiscard]] std::string repeat_command(const record::Report& report);

}  // namespace mia::report
