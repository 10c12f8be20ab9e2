// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "record/report.h"

namespace mia::report {

// File name without extension: the report's stem, else perf_SCENARIO; what could lead out of a folder is replaced.
[[nodiscard]] std::string stem_of(const record::Report& report);

// NAME.json and NAME.md, each replaced in one step; safe to call after every trial.
[[nodiscard]] Status write_pair(const record::Report& report, const std::filesystem::path& dir, std::string_view stem);

// The files a scenario leaves: one pair named by stem_of; a table of latencies leaves perf_latency (both workloads and
// their ratios) and, as the seed does, perf_latency_short and perf_latency_long; one of long contexts with the axis
// flash_attn leaves perf_long_context_fmha. Returns the JSON files.
[[nodiscard]] Result<std::vector<std::filesystem::path>> write_report(const record::Report& report,
                                                                      const std::filesystem::path& dir);

// The part of a report that belongs to one workload name; findings, checks and the sentence stay.
[[nodiscard]] record::Report only_workload(const record::Report& report, std::string_view workload);

}  // namespace mia::report
