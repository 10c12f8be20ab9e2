// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <sys/mman.h>

#include <vector>

#include "base/clock.h"
#include "host/bandwidth.h"
#include "host/fd.h"
#include "host/pages.h"

namespace mia::host {

Pages::Pages(std::int64_t bytes) {
  if (bytes <= 0) {
    return;
  }
  const auto size = static_cast<std::size_t>(bytes);
  void* const data = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (data == MAP_FAILED) {
    return;
  }
#ifdef MADV_HUGEPAGE
  static_cast<void>(::madvise(data, size, MADV_HUGEPAGE));
#endif
  data_ = static_cast<std::byte*>(data);
  size_ = size;
}

Pages::~Pages() {
  if (data_ != nullptr) {
    ::munmap(data_, size_);
  }
}

Result<double> file_read_bandwidth(const std::filesystem::path& path, double max_seconds) {
  constexpr std::size_t kBlock = std::size_t{4} << 20U;
  constexpr double kNsPerSecond = 1e9;
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) {
    return errno_failure("open", path);
  }
  std::vector<char> block(kBlock, 0);  // touched before the clock starts
  const std::int64_t begin = steady_ns();
  std::int64_t elapsed = 0;
  std::int64_t bytes = 0;
  while (static_cast<double>(elapsed) < max_seconds * kNsPerSecond) {
    const ssize_t count = ::pread(file.get(), block.data(), block.size(), bytes);
    if (count < 0 && errno != EINTR) {
      return errno_failure("read", path);
    }
    if (count == 0) {
      break;
    }
    bytes += count > 0 ? count : 0;
    elapsed = steady_ns() - begin;
  }
  if (bytes == 0 || elapsed <= 0) {
    return fail(ErrorKind::io, "'{}' holds nothing to read", path.string());
  }
  return static_cast<double>(bytes) / static_cast<double>(elapsed) * kNsPerSecond;
}

}  // namespace mia::host
