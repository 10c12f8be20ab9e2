// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "proc/fd.h"

namespace mia::proc {

struct Pipe {
  Fd read;
  Fd write;
};

// Both ends close-on-exec and numbered from 10 up, so that dup2 onto a child's low numbers never hits another end.
[[nodiscard]] Result<Pipe> make_pipe();

struct Launch {
  const std::vector<std::string>& argv;
  const std::map<std::string, std::string>& env;
  const std::vector<std::string>& unset;
  const std::filesystem::path& working_dir;
  std::vector<std::pair<int, int>> fds;  // ours -> the child's; stdin is /dev/null
};

// Starts the program in a session of its own and enters it in the list of live children (tree.h).
[[nodiscard]] Result<int> launch(const Launch& launch);

}  // namespace mia::proc
