// SPDX-License-Identifier: MIT
// Children for tests: small shell scripts, and where their traces lie.
#pragma once

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>

#include "proc/child.h"

namespace mia::proc {

inline SpawnSpec shell(const std::string& script) {
  SpawnSpec spec;
  spec.argv = {"/bin/sh", "-c", script};
  return spec;
}

inline std::unique_ptr<Child> spawn(const SpawnSpec& spec) {
  auto child = Child::spawn(spec);
  if (!child) {
    ADD_FAILURE() << child.error().text();
    std::abort();
  }
  return std::move(child).value();
}

class TempDir {
 public:
  TempDir() {
    std::string name = (std::filesystem::temp_directory_path() / "mia-proc-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  ~TempDir() {
    std::error_code code;
    std::filesystem::remove_all(path_, code);
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  [[nodiscard]] std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

// The number that a script writes into a file, waited for.
inline int read_pid(const std::filesystem::path& file) {
  for (int i = 0; i < 1000; ++i) {
    std::ifstream stream(file);
    int pid = 0;
    std::string end;
    if (stream >> pid >> end && end == "end") {
      return pid;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  ADD_FAILURE() << "nothing in " << file;
  return -1;
}

// Alive or a zombie: an entry in the process table.
inline bool exists(int pid) {
  return ::kill(pid, 0) == 0 || errno != ESRCH;
}

}  // namespace mia::proc
