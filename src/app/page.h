// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>

#include "base/result.h"
#include "document/html.h"
#include "record/comparison.h"
#include "record/report.h"

namespace mia::app {

// The whole of a result as one HTML page with pictures.
[[nodiscard]] std::string to_html(const record::Report& report, const document::Frame& frame = {});
[[nodiscard]] std::string to_html(const record::Comparison& comparison, const document::Frame& frame = {});

// Writes it beside a report's JSON file and returns its name.
[[nodiscard]] Result<std::filesystem::path> write_page(const std::string& html, std::filesystem::path json);

}  // namespace mia::app
