// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/files.h"
#include "base/json.h"
#include "store/measure_lock.h"

namespace mia::store {
namespace {

Failure lock_failure(std::string_view what, const std::filesystem::path& path) {
  return fail(ErrorKind::store, "cannot {} the lock file '{}': {}", what, path.string(), std::strerror(errno));
}

// The holder writes after it has the lock, so a reader may come too early: unknown then.
LockHolder read_holder(int fd) {
  std::array<char, 512> buffer{};
  const ssize_t length = ::pread(fd, buffer.data(), buffer.size(), 0);
  LockHolder holder;
  if (length > 0) {
    if (const auto json = parse_json({buffer.data(), static_cast<std::size_t>(length)})) {
      holder.pid = get_int(*json, "pid").value_or(0);
      holder.since = get_string(*json, "since").value_or("");
    }
  }
  return holder;
}

bool write_holder(int fd) {
  const std::string text = dump_json({{"pid", ::getpid()}, {"since", utc_now()}}) + "\n";
  return ::ftruncate(fd, 0) == 0 && ::pwrite(fd, text.data(), text.size(), 0) == static_cast<ssize_t>(text.size());
}

int try_lock(int fd) {
  int result = 0;
  do {
    result = ::flock(fd, LOCK_EX | LOCK_NB);
  } while (result != 0 && errno == EINTR);
  return result;
}

}  // namespace

MeasureLock::MeasureLock(MeasureLock&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), other_(std::move(other.other_)) {}

MeasureLock& MeasureLock::operator=(MeasureLock&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(other_, other.other_);
  return *this;
}

// The file stays: removing it would let a third process lock a new file while a second one waits on the old.
MeasureLock::~MeasureLock() {
  if (fd_ >= 0) {
    ::close(fd_);
  }
}

std::filesystem::path default_lock_path() {
  return data_dir() / "measuring.lock";
}

Result<MeasureLock> lock_measuring(const std::filesystem::path& path) {
  std::error_code ignored;  // open tells what is wrong
  std::filesystem::create_directories(path.parent_path(), ignored);
  constexpr mode_t kMode = 0644;
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, kMode);
  if (fd < 0) {
    return lock_failure("open", path);
  }
  MeasureLock lock(fd, std::nullopt);
  if (try_lock(fd) == 0) {
    // A full disk must not stop a measurement: the lock holds, only its holder's name is missing.
    (void)write_holder(fd);
    return lock;
  }
  if (errno != EWOULDBLOCK) {
    return lock_failure("lock", path);
  }
  return MeasureLock(-1, read_holder(fd));
}

}  // namespace mia::store
