// SPDX-License-Identifier: MIT
// Where a llama.cpp that was not installed by us keeps its parts.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"

namespace mia::runtime {

// What a worker is compiled against. Without `headers`, `prefix` has everything under it as an installation does; else
// they are the folders that together hold llama.h and ggml.h, and `libraries` is the one of libllama.so.
struct Parts {
  std::filesystem::path prefix;
  std::filesystem::path libraries;
  std::vector<std::filesystem::path> headers;
  std::string package;  // "llama-cpp-python 0.3.36", "" if it is none
};

// An install prefix, a build folder (its sources' headers are found by its CMakeCache.txt) or a folder of libraries
// with `headers` beside it.
[[nodiscard]] Result<Parts> locate(const std::filesystem::path& prefix, const std::filesystem::path& headers);

// The libllama that this Python (a virtual environment's folder or its python program) would load.
[[nodiscard]] Result<Parts> locate_python(const std::filesystem::path& python, const std::filesystem::path& headers);

// Package and version by the folder *.dist-info in a site-packages folder; "" if there is none.
[[nodiscard]] std::string package_in(const std::filesystem::path& site);

}  // namespace mia::runtime
