// SPDX-License-Identifier: MIT
// Changing a YAML file by hand-like edits: every other byte stays, comments too.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "base/result.h"

namespace mia::config {

// Sets `key` ("llm.primary.n_threads") in block-style YAML; missing sections are added. `comment` stands on a line of
// its own above the value; an earlier comment that this function wrote there is replaced. Error: flow style ({a: b}) in
// the way, or a result that does not read back as meant.
[[nodiscard]] Result<std::string> set_yaml_value(std::string_view text, std::string_view key, std::string_view value,
                                                 std::string_view comment);

// set_yaml_value for each, atomically; the file as it was stays beside it as NAME.bak (NAME.bak.1, ... never over an
// older one). The comment carries the reason and today's date.
[[nodiscard]] Status apply_overrides(const std::filesystem::path& file,
                                     const std::map<std::string, std::string>& values, std::string_view reason);

}  // namespace mia::config
