// SPDX-License-Identifier: MIT
// Two measuring sessions at once on one machine spoil each other's numbers. A lock file that the kernel frees when its
// holder dies, however it dies.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "base/result.h"

namespace mia::store {

// Who measures now, as it wrote of itself.
struct LockHolder {
  std::int64_t pid = 0;  // 0: unknown
  std::string since;     // UTC, "" unknown
};

class MeasureLock {
 public:
  MeasureLock(MeasureLock&& other) noexcept;
  MeasureLock& operator=(MeasureLock&& other) noexcept;
  ~MeasureLock();

  // False: another process measures; the caller warns, waits or refuses.
  [[nodiscard]] bool held() const { return fd_ >= 0; }
  // The other one when not held.
  [[nodiscard]] const std::optional<LockHolder>& other() const { return other_; }

 private:
  friend Result<MeasureLock> lock_measuring(const std::filesystem::path& path);
  MeasureLock(int fd, std::optional<LockHolder> other) : fd_(fd), other_(std::move(other)) {}
  int fd_ = -1;
  std::optional<LockHolder> other_;
};

// data_dir()/measuring.lock
[[nodiscard]] std::filesystem::path default_lock_path();

// Never waits. An error only where the lock file cannot be made or read (kind `store`). Children started with exec do
// not keep the lock.
[[nodiscard]] Result<MeasureLock> lock_measuring(const std::filesystem::path& path);

}  // namespace mia::store
