// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "worker/provider.h"

namespace mia::worker {

// What is known of a server program before it serves: what it printed when it was added.
struct ServerProgram {
  std::string path;
  std::string version;  // of --version
  std::string help;     // of --help
  std::string devices;  // of --list-devices; "" where it has no such option

  // MIA_SERVER_PROGRAM and the file MIA_SERVER_TOLD: {"version", "help", "devices"}.
  [[nodiscard]] static Result<ServerProgram> from_environment();
};

// Starts the program anew for each load and works through its HTTP API.
[[nodiscard]] std::unique_ptr<Provider> make_server_provider(const ServerProgram& program);

}  // namespace mia::worker
