// SPDX-License-Identifier: MIT
// The coordinator's voice on stderr: stdout belongs to results.
#pragma once

#include <string_view>

namespace mia::log {

enum class Level { quiet, normal, verbose };

void set_level(Level level);
[[nodiscard]] bool is_verbose();
[[nodiscard]] bool is_quiet();
// Progress and facts a user may want: hidden by --quiet.
void info(std::string_view text);
void warn(std::string_view text);
void error(std::string_view text);
// Only with --verbose.
void debug(std::string_view text);

}  // namespace mia::log
