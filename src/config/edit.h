// SPDX-License-Identifier: MIT
// Changing a YAML file by hand-like edits: every other byte stays, comments too.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "base/result.h"

namespace mia::config {

// Sets `key` ("llm.primary.n_threads") in block-style YAML; missing sections are added, and a value that YAML would
// read as something else is quoted. `comment` stands on a line of its own above the value ("" for none); an earlier
// comment that this function wrote there is replaced. Error: flow style ({a: b}) in the way, or a result that does not
// read back as meant, with every other value as before.
[[nodiscard]] Result<std::string> set_yaml_value(std::string_view text, std::string_view key, std::string_view value,
                                                 std::string_view comment);

// set_yaml_value for each key of the registry, in one atomic step; nothing is written when one of them is unknown or
// out of range. The file as it was stays beside it as FILE.bak, or FILE.bak.<UTC time> so that an older one is kept.
// The comment carries the reason and today's date.
[[nodiscard]] Status apply_overrides(const std::filesystem::path& file,
                                     const std::map<std::string, std::string>& values, std::string_view reason);

}  // namespace mia::config
