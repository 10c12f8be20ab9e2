// SPDX-License-Identifier: MIT
// What the libraries say of themselves; empty where their headers (as CMake found) have no such function. Used by the
// worker and by the program that CMake runs when the worker is compiled.
#pragma once

#include <string>

#include <llama.h>

namespace mia::worker {

[[nodiscard]] inline std::string llama_version_text() {
#if defined(MIA_LLAMA_VERSION)
  return llama_version();
#else
  return "";
#endif
}

[[nodiscard]] inline std::string ggml_version_text() {
#if defined(MIA_GGML_VERSION)
  return ggml_version();
#else
  return "";
#endif
}

[[nodiscard]] inline std::string ggml_commit_text() {
#if defined(MIA_GGML_VERSION)
  return ggml_commit();
#else
  return "";
#endif
}

[[nodiscard]] inline std::string library_versions() {
  return llama_version_text() + "|" + ggml_version_text() + "|" + ggml_commit_text();
}

}  // namespace mia::worker
