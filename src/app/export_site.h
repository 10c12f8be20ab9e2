// SPDX-License-Identifier: MIT
// Chosen results as a folder of pages that any web server shows.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "app/scope.h"
#include "base/result.h"

namespace mia::app {

// Writes index.html and one page for each of `what` (as find_result takes them) into `folder`, each file in one step
// and the index last; pages of an earlier export that are not among them go. Usage error for a folder that holds
// anything that no export wrote; nothing is written where one of `what` cannot be found. Returns the index.
[[nodiscard]] Result<std::filesystem::path> export_site(const Scope& scope, const std::vector<std::string>& what,
                                                        const std::filesystem::path& folder);

}  // namespace mia::app
