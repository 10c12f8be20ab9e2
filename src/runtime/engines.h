// SPDX-License-Identifier: MIT
// Engines that are on this machine already: programs, Python environments with a libllama, and what listens on the
// usual ports of the loopback. No program of theirs is started. Tables with their sources: engines.cc, and
// worker/server/listening.cc for the ports.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace mia::runtime {

struct Engine {
  std::string name;      // "llama-server", "llama-cpp-python", "Ollama"
  std::string version;   // "" where it cannot be seen without asking the program
  std::string where;     // path, or URL
  std::string measured;  // what of it can be measured
  std::string how;       // the command that does, "" none
};

// On the PATH and in the usual places, each file once.
[[nodiscard]] std::vector<Engine> find_programs();
// Of the active environment, this folder, the home, pipx, uv and conda.
[[nodiscard]] std::vector<Engine> find_python_environments();
// Asks each port once (a GET, 0.3 s at most). An error where mia-worker-server, which asks, is not in its place.
[[nodiscard]] Result<std::vector<Engine>> find_listening();

}  // namespace mia::runtime
