// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "base/files.h"
#include "base/text.h"
#include "store/running.h"

namespace mia::store {
namespace {
namespace fs = std::filesystem;

// Single bytes far behind the text: one that the writer holds while it lives, one for whoever reads or writes the text.
constexpr std::int64_t kAlive = 1 << 20;
constexpr std::int64_t kText = kAlive + 1;
constexpr std::string_view kEnding = ".json";

bool lock(int fd, short type, std::int64_t place) {
  struct flock wanted {};
  wanted.l_type = type;
  wanted.l_whence = SEEK_SET;
  wanted.l_start = place;
  wanted.l_len = 1;
  return ::fcntl(fd, F_OFD_SETLK, &wanted) == 0;
}

bool is_alive(int fd) {
  struct flock wanted {};
  wanted.l_type = F_RDLCK;
  wanted.l_whence = SEEK_SET;
  wanted.l_start = kAlive;
  wanted.l_len = 1;
  return ::fcntl(fd, F_OFD_GETLK, &wanted) == 0 && wanted.l_type != F_UNLCK;
}

// Files of others are links, FIFOs and the like at worst: none is followed or waited for.
int open_existing(const fs::path& path) {
  return ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
}

std::vector<fs::path> files_in(const fs::path& folder, std::size_t most) {
  std::vector<fs::path> files;
  std::error_code code;
  for (fs::directory_iterator at(folder, code), end; !code && at != end && files.size() < most; at.increment(code)) {
    if (at->path().extension() == kEnding) {
      files.push_back(at->path());
    }
  }
  std::ranges::sort(files);
  return files;
}

// Nothing where its writer writes at this moment: it is there the next time.
std::optional<std::string> text_of(int fd) {
  if (!is_alive(fd) || !lock(fd, F_RDLCK, kText)) {
    return std::nullopt;
  }
  std::array<char, RunningFile::kLongest> buffer{};
  const ssize_t length = ::pread(fd, buffer.data(), buffer.size(), 0);
  lock(fd, F_UNLCK, kText);
  return length > 0 ? std::optional(std::string(buffer.data(), static_cast<std::size_t>(length))) : std::nullopt;
}

void remove_dead(const fs::path& folder) {
  constexpr std::size_t kMany = 1000;
  for (const fs::path& path : files_in(folder, kMany)) {
    if (const int fd = open_existing(path); fd >= 0) {
      if (!is_alive(fd)) {
        ::unlink(path.c_str());
      }
      ::close(fd);
    }
  }
}

}  // namespace

Result<RunningFile> RunningFile::make(const fs::path& folder) {
  std::error_code ignored;  // open tells what is wrong
  fs::create_directories(folder, ignored);
  remove_dead(folder);
  const fs::path path = folder / fmt::format("{}{}", ::getpid(), kEnding);
  constexpr mode_t kMode = 0644;
  ::unlink(path.c_str());  // of a dead process with our number
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, kMode);
  if (fd < 0) {
    return fail(ErrorKind::store, "cannot write '{}': {}", path.string(), std::strerror(errno));
  }
  RunningFile file(fd, path);
  if (!lock(fd, F_WRLCK, kAlive)) {
    return fail(ErrorKind::store, "cannot lock '{}': {}", path.string(), std::strerror(errno));
  }
  return file;
}

RunningFile::RunningFile(RunningFile&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), path_(std::move(other.path_)) {}

RunningFile& RunningFile::operator=(RunningFile&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(path_, other.path_);
  return *this;
}

RunningFile::~RunningFile() {
  if (fd_ >= 0) {
    ::unlink(path_.c_str());
    ::close(fd_);
  }
}

void RunningFile::write(std::string_view text) const {
  if (text.size() > kLongest || !lock(fd_, F_WRLCK, kText)) {
    return;
  }
  if (::pwrite(fd_, text.data(), text.size(), 0) == static_cast<ssize_t>(text.size())) {
    [[maybe_unused]] const int cut = ::ftruncate(fd_, static_cast<off_t>(text.size()));
  }
  lock(fd_, F_UNLCK, kText);
}

fs::path default_running_folder() {
  return data_dir() / "running";
}

std::vector<std::string> read_running(const fs::path& folder, std::size_t most) {
  std::vector<std::string> texts;
  for (const fs::path& path : files_in(folder, most)) {
    if (const int fd = open_existing(path); fd >= 0) {
      if (auto text = text_of(fd)) {
        texts.push_back(std::move(*text));
      }
      ::close(fd);
    }
  }
  return texts;
}

}  // namespace mia::store
