// SPDX-License-Identifier: MIT
#pragma once

#include <CLI/CLI.hpp>

#include "base/result.h"

namespace mia::cli {

// What was wrong with the words that were typed: kind usage, one sentence, with the nearest verb or option where one
// was not known. `app` is the root after its parse() threw `error`.
[[nodiscard]] Error explain(const CLI::App& app, const CLI::ParseError& error);

}  // namespace mia::cli
