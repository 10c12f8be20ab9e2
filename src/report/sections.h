// SPDX-License-Identifier: MIT
// Parts of the Markdown twin that the step summary uses, too. Internal to the room.
#pragma once

#include <string>

#include "record/report.h"

namespace mia::report {

// The table or tables with the reasons of their dashes.
[[nodiscard]] std::string results_markdown(const record::Report& report);
[[nodiscard]] std::string checks_markdown(const record::Report& report);

}  // namespace mia::report
