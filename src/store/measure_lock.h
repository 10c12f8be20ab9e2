// SPDX-License-Identifier: MIT
// Two measuring sessions at once on one machine spoil each other's numbers. A lock file whose places are taken in
// order: who comes first measures first. The kernel frees a place when its holder dies, however it dies.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.h"

namespace mia::store {

// Who measures now, as it wrote of itself.
struct LockHolder {
  std::int64_t pid = 0;  // 0: unknown
  std::string verb;      // "" unknown
  std::string since;     // UTC, "" unknown
};

class MeasureLock {
 public:
  MeasureLock(MeasureLock&& other) noexcept;
  MeasureLock& operator=(MeasureLock&& other) noexcept;
  ~MeasureLock();

  // False: another process measures, or came before us and will; the caller waits, or gives up by destroying this.
  [[nodiscard]] bool held() const { return held_; }
  // Looks again; true from our turn on. Never waits.
  [[nodiscard]] bool try_again();
  // Who measures now, when not held.
  [[nodiscard]] LockHolder other() const;
  // Processes that come before us, the one that measures included.
  [[nodiscard]] std::int64_t ahead() const;

 private:
  friend Result<MeasureLock> lock_measuring(const std::filesystem::path& path, std::string_view verb);
  MeasureLock(int fd, std::string_view verb) : fd_(fd), verb_(verb) {}
  int fd_ = -1;
  std::string verb_;
  std::int64_t place_ = 0;
  bool held_ = false;
};

// data_dir()/measuring.lock
[[nodiscard]] std::filesystem::path default_lock_path();

// Takes the next place for `verb`, which others are told. Never waits for a turn. An error only where the lock file
// cannot be made or locked (kind `store`). Children started with exec do not keep the place.
[[nodiscard]] Result<MeasureLock> lock_measuring(const std::filesystem::path& path, std::string_view verb);

}  // namespace mia::store
