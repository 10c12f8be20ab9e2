// SPDX-License-Identifier: MIT
#include "model/output_file.h"

#include <fcntl.h>
#include <stdlib.h>  // NOLINT(modernize-deprecated-headers): mkostemp
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include "base/text.h"

namespace mia::model {
namespace fs = std::filesystem;
namespace {

Failure io_failure(std::string_view what, const fs::path& path) {
  return fail(ErrorKind::io, "cannot {} '{}': {}", what, path.string(), std::strerror(errno));
}

Failure no_room(const fs::path& dir, std::int64_t bytes, std::int64_t free) {
  return fail(ErrorKind::io, "'{}' has {} free, the file needs {}", dir.string(), human_bytes(free),
              human_bytes(bytes));
}

}  // namespace

OutputFile::OutputFile(int fd, std::string temporary, fs::path target)
    : fd_(fd), temporary_(std::move(temporary)), target_(std::move(target)) {}

OutputFile::OutputFile(OutputFile&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      temporary_(std::exchange(other.temporary_, {})),
      target_(std::move(other.target_)) {}

OutputFile::~OutputFile() {
  if (fd_ >= 0) {
    ::close(fd_);
  }
  if (!temporary_.empty()) {
    ::unlink(temporary_.c_str());
  }
}

Result<OutputFile> OutputFile::create(const fs::path& target, std::int64_t bytes) {
  std::error_code code;
  if (fs::is_directory(target, code)) {
    return fail(ErrorKind::usage, "'{}' is a folder, not a file to write", target.string());
  }
  const fs::path dir = target.has_parent_path() ? target.parent_path() : fs::path(".");
  fs::create_directories(dir, code);
  const fs::space_info space = fs::space(dir, code);
  if (code) {
    return fail(ErrorKind::io, "cannot write into '{}': {}", dir.string(), code.message());
  }
  if (std::cmp_less(space.available, bytes)) {
    return no_room(dir, bytes, static_cast<std::int64_t>(space.available));
  }
  std::string temporary = (dir / ("." + target.filename().string() + ".XXXXXX")).string();
  const int fd = ::mkostemp(temporary.data(), O_CLOEXEC);
  if (fd < 0) {
    return io_failure("create a file in", dir);
  }
  OutputFile file(fd, std::move(temporary), target);
  // Takes the room at once, so that another writer cannot take it meanwhile; not every file system can.
  const int error = ::posix_fallocate(fd, 0, bytes);
  if (error == ENOSPC) {
    return no_room(dir, bytes, static_cast<std::int64_t>(space.available));
  }
  if (error == EFBIG) {
    return fail(ErrorKind::io, "the file system of '{}' takes no file of {}", dir.string(), human_bytes(bytes));
  }
  return file;
}

Status OutputFile::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) {
      continue;
    }
    if (written <= 0) {
      return io_failure("write", target_);
    }
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return {};
}

Status OutputFile::commit() {
  constexpr mode_t kMode = 0644;
  const bool synced = ::fchmod(fd_, kMode) == 0 && ::fdatasync(fd_) == 0;
  const bool closed = ::close(std::exchange(fd_, -1)) == 0;
  if (!synced || !closed || ::rename(temporary_.c_str(), target_.c_str()) != 0) {
    return io_failure("write", target_);
  }
  temporary_.clear();
  return {};
}

}  // namespace mia::model
