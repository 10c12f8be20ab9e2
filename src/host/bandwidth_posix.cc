// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <sys/mman.h>

#include <algorithm>
#include <vector>

#include "base/clock.h"
#include "host/bandwidth.h"
#include "host/fd.h"
#include "host/page_cache.h"
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

Result<FileRead> read_file_rate(const std::filesystem::path& path, double max_seconds, std::int64_t max_bytes) {
  constexpr std::size_t kBlock = std::size_t{4} << 20U;
  constexpr double kNsPerSecond = 1e9;
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) {
    return errno_failure("open", path);
  }
  std::vector<char> block(kBlock, 0);  // touched before the clock starts
  const std::int64_t begin = steady_ns();
  std::int64_t elapsed = 0;
  FileRead read;
  while (static_cast<double>(elapsed) < max_seconds * kNsPerSecond && read.bytes < max_bytes) {
    const auto wanted = std::min(block.size(), static_cast<std::size_t>(max_bytes - read.bytes));
    const ssize_t count = ::pread(file.get(), block.data(), wanted, read.bytes);
    if (count < 0 && errno != EINTR) {
      return errno_failure("read", path);
    }
    if (count == 0) {
      break;
    }
    read.bytes += count > 0 ? count : 0;
    elapsed = steady_ns() - begin;
  }
  if (read.bytes == 0 || elapsed <= 0) {
    return fail(ErrorKind::io, "'{}' holds nothing to read", path.string());
  }
  read.b_s = static_cast<double>(read.bytes) / static_cast<double>(elapsed) * kNsPerSecond;
  return read;
}

FileRates file_rates(const std::filesystem::path& path, double max_seconds) {
  FileRates rates;
  const auto emptied = prepare_cache(path, "cold");
  // What this reads lies in the cache afterwards, however large the file: the second reading goes no further.
  const auto first = read_file_rate(path, max_seconds);
  if (!first) {
    return rates;
  }
  if (emptied && emptied->state == "cold") {
    rates.cold_b_s = first->b_s;
  }
  if (const auto again = read_file_rate(path, max_seconds, first->bytes)) {
    rates.cached_b_s = again->b_s;
  }
  return rates;
}

}  // namespace mia::host
