// SPDX-License-Identifier: MIT
// What the field table says, for people and for other programs.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"

namespace mia::config {

// docs/config-registry.md: every key with type, unit, range, default, environment name and meaning.
[[nodiscard]] std::string registry_markdown();

// JSON Schema (2020-12) of a configuration file: the sections of the settings, `models` and `profiles`.
[[nodiscard]] Json settings_schema();

// "llm.primary.n_threads" -> "MIA__LLM__PRIMARY__N_THREADS".
[[nodiscard]] std::string environment_name(std::string_view key);

}  // namespace mia::config
