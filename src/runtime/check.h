// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace mia::runtime {

struct CheckLine {
  std::string what;  // "libraries", "worker", "version", "devices", "decode"
  bool ok = false;
  std::string text;
};

// Libraries unchanged, worker starts, its version is the one recorded, devices; with a model also a decode
// of a few tokens. A line that fails is data; an error means that there is no such runtime.
[[nodiscard]] Result<std::vector<CheckLine>> check(std::string_view name, const std::filesystem::path& model = {});

}  // namespace mia::runtime
