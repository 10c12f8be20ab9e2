// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
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
      holder.verb = get_string(*json, "verb").value_or("");
      holder.since = get_string(*json, "since").value_or("");
    }
  }
  return holder;
}

bool write_holder(int fd, const std::string& verb) {
  const std::string text = dump_json({{"pid", ::getpid()}, {"verb", verb}, {"since", utc_now()}}) + "\n";
  return ::ftruncate(fd, 0) == 0 && ::pwrite(fd, text.data(), text.size(), 0) == static_cast<ssize_t>(text.size());
}

// Places are single bytes far behind what is written in the file; one before them guards the taking of a place.
constexpr std::int64_t kFirstPlace = 1 << 20;
constexpr std::int64_t kToTheEnd = 0;

struct flock range(short type, std::int64_t from, std::int64_t length) {
  struct flock lock {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  lock.l_start = from;
  lock.l_len = length;
  return lock;
}

bool set(int fd, int command, struct flock lock) {
  int result = 0;
  do {
    result = ::fcntl(fd, command, &lock);
  } while (result != 0 && errno == EINTR);
  return result == 0;
}

// The end of some place in the range that another one holds; 0 where nobody holds any.
std::int64_t end_of_taken(int fd, std::int64_t from, std::int64_t length) {
  struct flock lock = range(F_WRLCK, from, length);
  const bool taken = ::fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
  return taken ? lock.l_start + std::max<std::int64_t>(lock.l_len, 1) : 0;
}

// Behind all that are taken; -1 where the file system has no locks.
std::int64_t take_place(int fd) {
  if (!set(fd, F_OFD_SETLKW, range(F_WRLCK, kFirstPlace - 1, 1))) {
    return -1;
  }
  std::int64_t place = kFirstPlace;
  while (const std::int64_t end = end_of_taken(fd, place, kToTheEnd)) {
    place = end;
  }
  const bool taken = set(fd, F_OFD_SETLK, range(F_WRLCK, place, 1));
  return set(fd, F_OFD_SETLK, range(F_UNLCK, kFirstPlace - 1, 1)) && taken ? place : -1;
}

}  // namespace

MeasureLock::MeasureLock(MeasureLock&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      verb_(std::move(other.verb_)),
      place_(other.place_),
      held_(std::exchange(other.held_, false)) {}

MeasureLock& MeasureLock::operator=(MeasureLock&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(verb_, other.verb_);
  std::swap(place_, other.place_);
  std::swap(held_, other.held_);
  return *this;
}

// The file stays: removing it would let a third process lock a new file while a second one waits on the old.
MeasureLock::~MeasureLock() {
  if (fd_ >= 0) {
    ::close(fd_);
  }
}

bool MeasureLock::try_again() {
  if (!held_ && ahead() == 0) {
    held_ = true;
    // A full disk must not stop a measurement: the lock holds, only its holder's name is missing.
    (void)write_holder(fd_, verb_);
  }
  return held_;
}

LockHolder MeasureLock::other() const {
  return read_holder(fd_);
}

std::int64_t MeasureLock::ahead() const {
  std::int64_t count = 0;
  for (std::int64_t place = kFirstPlace; place < place_; ++count) {
    place = end_of_taken(fd_, place, place_ - place);
    if (place == 0) {
      break;
    }
  }
  return count;
}

std::filesystem::path default_lock_path() {
  return data_dir() / "measuring.lock";
}

Result<MeasureLock> lock_measuring(const std::filesystem::path& path, std::string_view verb) {
  std::error_code ignored;  // open tells what is wrong
  std::filesystem::create_directories(path.parent_path(), ignored);
  constexpr mode_t kMode = 0644;
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, kMode);
  if (fd < 0) {
    return lock_failure("open", path);
  }
  MeasureLock lock(fd, verb);
  lock.place_ = take_place(fd);
  if (lock.place_ < 0) {
    return lock_failure("lock", path);
  }
  (void)lock.try_again();
  return lock;
}

}  // namespace mia::store
