// SPDX-License-Identifier: MIT
// Of the host room only: small files of /proc and /sys.
#pragma once

#include <filesystem>
#include <string>

#include "base/files.h"

namespace mia::host {

// The file's text, "" when it is not there or too large to be one of the kernel's: the parsers turn that into nullopt.
[[nodiscard]] inline std::string text_of(const std::filesystem::path& path) {
  constexpr std::size_t kLimit = std::size_t{4} << 20U;
  return read_file(path, kLimit).value_or("");
}

}  // namespace mia::host
