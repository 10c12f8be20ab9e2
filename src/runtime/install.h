// SPDX-License-Identifier: MIT
// Bringing a runtime in: from a package, or from a llama.cpp that is there. Both build the worker for it, start it once
// and record what it says. A failure or Ctrl-C leaves no half runtime.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "record/machine.h"

namespace mia::runtime {

// A sentence on what is going on, every few seconds.
using Progress = std::function<void(std::string_view)>;

struct InstallSpec {
  std::string requirement;              // "llama-cpp-python", "llama-cpp-python==0.3.36", a wheel or an sdist of it
  std::string name;                     // "": "default" if free, else from the version
  bool tools = false;                   // also llama-bench, llama-server, llama-perplexity, ...
  bool cuda = false;                    // build with the CUDA backend
  std::vector<std::string> cmake_args;  // further -D arguments for llama.cpp
  bool force = false;                   // replace the runtime of that name
};

struct AddSpec {
  std::filesystem::path prefix;   // install prefix, build folder, folder with libllama.so, a server program, or the
                                  // address of one that runs
  std::filesystem::path python;   // or: virtual environment (or its python) with llama_cpp
  std::filesystem::path headers;  // folder of llama.h, where the prefix has none
  std::string name;               // "": "default" if free, else the prefix's last part
  bool force = false;
  // Of an address:
  std::string key_env;  // the variable that holds the server's key
  std::string api;      // "llama-server", "openai" or "ollama"; "": the first of these that the server speaks
};

[[nodiscard]] Result<record::RuntimeInfo> install(const InstallSpec& spec, const Progress& progress);
[[nodiscard]] Result<record::RuntimeInfo> add(const AddSpec& spec, const Progress& progress);

}  // namespace mia::runtime
