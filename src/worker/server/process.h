// SPDX-License-Identifier: MIT
// One server program as a child of the worker. The kernel kills it when the worker dies, however that happens.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace mia::worker {

class ServerProcess {
 public:
  // argv[0] is a path. LLAMA_ARG_* of our environment, which would change settings unseen, are not handed on; `key`
  // becomes LLAMA_API_KEY: other accounts can read arguments, but not this.
  [[nodiscard]] static Result<std::unique_ptr<ServerProcess>> start(const std::vector<std::string>& argv,
                                                                    const std::string& key);
  ~ServerProcess();  // kills it and waits
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;

  [[nodiscard]] int log_fd() const { return log_; }
  // Takes what the server printed: to stderr, and into lines() (bounded, the last ones).
  void take_log();
  [[nodiscard]] std::vector<std::string> lines() const { return {lines_.begin(), lines_.end()}; }
  // As of waitpid; nullopt: it lives after `seconds`.
  [[nodiscard]] std::optional<int> ended(double seconds);

 private:
  ServerProcess(int pid, int log) : pid_(pid), log_(log) {}

  int pid_;
  int log_;
  std::optional<int> status_;
  std::string pending_;
  std::deque<std::string> lines_;
};

// Ends this process the way the server ended, so that what happened to it is the outcome of the trial.
[[noreturn]] void end_as(int status);

// A port of the loopback that nobody has just now.
[[nodiscard]] Result<int> free_port();

}  // namespace mia::worker
