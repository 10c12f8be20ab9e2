// SPDX-License-Identifier: MIT
#pragma once

#include <memory>

#include "base/result.h"
#include "worker/provider.h"
#include "worker/server/program.h"

namespace mia::worker {

// Starts the program anew for each load and works through its HTTP API.
[[nodiscard]] std::unique_ptr<Provider> make_server_provider(const ServerProgram& program);
// Takes the server that runs at program.path.
[[nodiscard]] Result<std::unique_ptr<Provider>> make_attached_provider(const ServerProgram& program);

// What went wrong with a server that lives.
[[nodiscard]] proto::Reply reply_to(const Error& error);

}  // namespace mia::worker
