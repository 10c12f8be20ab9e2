// SPDX-License-Identifier: MIT
// Windows only: text is UTF-8 in the program and UTF-16 in the system's calls.
#pragma once

#include <string>
#include <string_view>

namespace mia {

[[nodiscard]] std::wstring to_wide(std::string_view text);
[[nodiscard]] std::string from_wide(std::wstring_view text);
// Of GetLastError(), one line: "Access is denied (5)".
[[nodiscard]] std::string last_error();

}  // namespace mia
