// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>

#include "base/result.h"
#include "record/comparison.h"
#include "record/report.h"

namespace mia::app {

// The whole of a result as one HTML page with pictures.
[[nodiscard]] std::string to_html(const record::Report& report);
[[nodiscard]] std::string to_html(const record::Comparison& comparison);

// Writes it beside a report's JSON file and returns its name.
[[nodiscard]] Result<std::filesystem::path> write_page(const std::string& html, std::filesystem::path json);

}  // namespace mia::app
