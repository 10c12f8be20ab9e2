// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "record/report.h"

namespace mia::report {

// One test case per check: fail is a failure, unclear an error (it never passes silently), skipped is skipped.
[[nodiscard]] std::string to_junit(const record::Report& report);

}  // namespace mia::report
