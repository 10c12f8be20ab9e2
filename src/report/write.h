// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "record/report.h"

namespace mia::report {

// The seed's file name without extension: baseline -> perf_cpu_baseline, quant-compare -> compare_models, ...
// Other scenarios become perf_NAME with everything but letters, digits and '_' replaced.
[[nodiscard]] std::string stem_for(std::string_view scenario);

// NAME.json and NAME.md, each replaced in one step; safe to call after every trial.
[[nodiscard]] Status write_pair(const record::Report& report, const std::filesystem::path& dir, std::string_view stem);

// The files a scenario leaves: one pair named by stem_for; latency leaves perf_latency (both workloads and their
// ratios) and, as the seed does, perf_latency_short and perf_latency_long; long-context with the axis flash_attn leaves
// perf_long_context_fmha. Returns the JSON files.
[[nodiscard]] Result<std::vector<std::filesystem::path>> write_report(const record::Report& report,
                                                                      const std::filesystem::path& dir);

// The part of a report that belongs to one workload name; findings, checks and the sentence stay.
[[nodiscard]] record::Report only_workload(const record::Report& report, std::string_view workload);

}  // namespace mia::report
