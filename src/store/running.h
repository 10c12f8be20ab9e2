// SPDX-License-Identifier: MIT
// What measures right now, for other processes to see: one small file for each process in data_dir()/running. The store
// has trials once they end; this says what goes on meanwhile, and whether anything does: the kernel frees the lock on a
// file when its writer dies, however it dies.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace mia::store {

// A file of one of ours. Nothing waits: what a reader would be in the way of is not written, and not synced to the
// disk.
class RunningFile {
 public:
  // Longer texts are not written.
  static constexpr std::size_t kLongest = 8192;

  // Also removes the files that dead processes left.
  [[nodiscard]] static Result<RunningFile> make(const std::filesystem::path& folder);
  RunningFile(RunningFile&& other) noexcept;
  RunningFile& operator=(RunningFile&& other) noexcept;
  ~RunningFile();

  // Replaces what it says.
  void write(std::string_view text) const;

 private:
  RunningFile(int fd, std::filesystem::path path) : fd_(fd), path_(std::move(path)) {}
  int fd_ = -1;
  std::filesystem::path path_;
};

// data_dir()/running
[[nodiscard]] std::filesystem::path default_running_folder();

// What each living process wrote last, in the order of their names; at most `most`.
[[nodiscard]] std::vector<std::string> read_running(const std::filesystem::path& folder, std::size_t most = 64);

}  // namespace mia::store
