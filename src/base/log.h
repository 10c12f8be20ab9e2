// SPDX-License-Identifier: MIT
// The coordinator's voice on stderr: stdout belongs to results.
#pragma once

#include <string_view>

#include "base/result.h"

namespace mia::log {

enum class Level { quiet, normal, verbose };

void set_level(Level level);
// Does a terminal stand there that understands escape codes (TERM is set and not "dumb")? Colours only without
// NO_COLOR.
[[nodiscard]] bool takes_escapes(int fd);
[[nodiscard]] bool wants_color(int fd);

[[nodiscard]] bool is_quiet();
// One line each, made harmless by one_line().
// Progress and facts a user may want: hidden by --quiet.
void info(std::string_view text);
void warn(std::string_view text);
void error(std::string_view text);
// The sentence, then the lines of its detail.
void error(const Error& error);
// Only with --verbose.
void debug(std::string_view text);

}  // namespace mia::log
