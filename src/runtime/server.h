// SPDX-License-Identifier: MIT
// A server program as a runtime: recognised by what it prints, measured through mia-worker-server, which came with us.
#pragma once

#include <filesystem>

#include "base/result.h"
#include "record/machine.h"
#include "runtime/install.h"

namespace mia::runtime {

// mia-worker-server beside the program that runs.
[[nodiscard]] Result<std::filesystem::path> server_worker();

// spec.prefix names the program. Kind unsupported: a program, but no llama-server by its --version and --help.
[[nodiscard]] Result<record::RuntimeInfo> add_server(const AddSpec& spec, const Progress& progress);

}  // namespace mia::runtime
