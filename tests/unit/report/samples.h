// SPDX-License-Identifier: MIT
// Reports as sessions leave them, with numbers that a test can follow by hand.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "record/report.h"

namespace mia::samples {

// 400 characters of what people and attackers put into names.
[[nodiscard]] std::string hostile_text();

// `tokens` stamps: the first after `first_ms`, then one every `step_ms`.
[[nodiscard]] record::Run run(std::int64_t tokens, double first_ms, double step_ms);
// Median with an interval of ±2 % over five trials.
[[nodiscard]] record::Summary summary(double value);
[[nodiscard]] record::Trial trial(const std::string& cell, std::int64_t position);

// A cell whose tokens_per_s is `speed`, with one trial put into the report.
record::CellReport& add_cell(record::Report& report, const std::string& label, std::string_view workload, double speed);
// The outcome of every trial of the cell becomes a crash in load.
void crash(record::Report& report, record::CellReport& cell);

[[nodiscard]] record::Report empty(const std::string& scenario);
[[nodiscard]] record::Report baseline();       // one cell, 120.5 tok/s
[[nodiscard]] record::Report cpu_tuning();     // 8/256: 6.69, 4/128: 6.34, auto/128: 3.60, 16/512 crashed
[[nodiscard]] record::Report long_context();   // n_gpu_layers 0: 6.69 -> 2.95, 6: 4.08 -> 3.85
[[nodiscard]] record::Report latency();        // n_gpu_layers 0: p95 259.04 -> 201.64, 12: 176.52 -> 199.03
[[nodiscard]] record::Report quant_compare();  // q4km 2.744 / 3.775, mxfp4 5.327 / 7.890
[[nodiscard]] record::Report probe();          // parts cpu-tuning and latency
[[nodiscard]] record::Report hostile();        // a baseline whose every text is hostile_text()

}  // namespace mia::samples
