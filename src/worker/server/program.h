// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "base/result.h"

namespace mia::worker {

// What is known of a server before it serves: of a program what it printed when it was added, of one that runs already
// its address and what it told then.
struct ServerProgram {
  std::string path;     // or "http://127.0.0.1:8080"
  std::string version;  // of --version; of one that runs as its API tells it
  std::string help;     // of --help
  std::string devices;  // of --list-devices; "" where it has no such option
  std::string api;      // of one that runs: a name that make_api() takes, "" not known yet
  std::string key;      // of one that runs, from the variable that "key_env" names

  [[nodiscard]] bool runs() const { return path.find("://") != std::string::npos; }
  // Never told: the key, which a server may repeat in its words.
  [[nodiscard]] std::string hidden(std::string text) const;

  // MIA_SERVER_PROGRAM and the file MIA_SERVER_TOLD: {"version", "help", "devices", "api", "key_env"}.
  [[nodiscard]] static Result<ServerProgram> from_environment();
};

}  // namespace mia::worker
