// SPDX-License-Identifier: MIT
// Of the host room only: an owned file descriptor.
#pragma once

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace mia::host {

class Fd {
 public:
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  Fd& operator=(Fd&&) = delete;
  ~Fd() {
    if (fd_ >= 0) {
      ::close(fd_);
    }
  }
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_;
};

[[nodiscard]] inline Failure errno_failure(std::string_view what, const std::filesystem::path& path) {
  return fail(errno == ENOENT ? ErrorKind::not_found : ErrorKind::io, "cannot {} '{}': {}", what, path.string(),
              std::strerror(errno));
}

}  // namespace mia::host
