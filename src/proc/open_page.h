// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "base/result.h"

namespace mia::proc {

// Shows the address in the user's browser, which goes on by itself when we end. Error kind not_found where nothing that
// opens addresses can be started.
[[nodiscard]] Status open_page(const std::string& url);

}  // namespace mia::proc
