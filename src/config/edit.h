// SPDX-License-Identifier: MIT
// Changing YAML files that people also edit: comments, order and every other key stay as they are, byte for byte.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "base/result.h"

namespace mia::config {

// `text` with `key` ("llm.primary.n_threads") set to `value` and `comment` as a line above it ("" for none; an earlier
// comment written by this function is replaced). Sections that are missing are made. The value is quoted if YAML would
// read it as something else. Works on block mappings; a section in flow style ({...}), tabs as indentation or an anchor
// on the way to the key is an error, and so is a result that does not read back as meant.
[[nodiscard]] Result<std::string> set_yaml_value(std::string_view text, std::string_view key, std::string_view value,
                                                 std::string_view comment);

// Sets `values` (key -> text) in `file`, made when absent, in one atomic step. The file as it was is kept as FILE.bak,
// or FILE.<UTC time>.bak when that exists. `reason` and the date stand as a comment above each changed line.
[[nodiscard]] Status apply_overrides(const std::filesystem::path& file,
                                     const std::map<std::string, std::string>& values, std::string_view reason);

}  // namespace mia::config
