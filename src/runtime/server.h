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

// spec.prefix is the address of a server that runs on this machine: what is measured must be the machine that the
// report describes. Kind usage: another address; unsupported: nobody answers there, or in no API that is known.
[[nodiscard]] Result<record::RuntimeInfo> add_address(const AddSpec& spec, const Progress& progress);
// The server of such a runtime runs, and is the one that was added.
[[nodiscard]] Status still_answers(const record::RuntimeInfo& runtime);

}  // namespace mia::runtime
