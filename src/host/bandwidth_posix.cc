// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <thread>
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

namespace {

constexpr std::int64_t kFileBlock = std::int64_t{4} << 20U;

// Blocks of one file, taken by several threads until the time, the bytes or the file end.
struct FileReading {
  int file = -1;
  std::int64_t until_ns = 0;
  std::int64_t from = 0;
  std::int64_t max_bytes = 0;
  std::atomic<std::int64_t> next = 0;
  std::atomic<std::int64_t> bytes = 0;
  std::atomic<int> error = 0;

  void read(std::vector<char>& block) {
    while (error == 0 && steady_ns() < until_ns) {
      const std::int64_t at = next.fetch_add(1) * kFileBlock;
      const std::int64_t wanted = std::min(kFileBlock, max_bytes - at);
      if (wanted <= 0 || !read_block(block, from + at, wanted)) {
        return;
      }
    }
  }

  // false at the end of the file.
  bool read_block(std::vector<char>& block, std::int64_t at, std::int64_t wanted) {
    while (wanted > 0) {
      const ssize_t count = ::pread(file, block.data(), static_cast<std::size_t>(wanted), at);
      if (count < 0 && errno == EINTR) {
        continue;
      }
      if (count < 0) {
        error = errno;
      }
      if (count <= 0) {
        return false;
      }
      bytes += count;
      at += count;
      wanted -= count;
    }
    return true;
  }
};

bool empty_cache(const std::filesystem::path& path) {
  const auto emptied = prepare_cache(path, "cold");
  return emptied && emptied->state == "cold";
}

constexpr int kReaders = 4;
constexpr std::int64_t kToTheEnd = std::numeric_limits<std::int64_t>::max();

}  // namespace

Result<FileRead> read_file_rate(const std::filesystem::path& path, double max_seconds, std::int64_t max_bytes,
                                int readers, std::int64_t from) {
  constexpr double kNsPerSecond = 1e9;
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) {
    return errno_failure("open", path);
  }
  // touched before the clock starts
  std::vector<std::vector<char>> blocks(static_cast<std::size_t>(std::max(readers, 1)),
                                        std::vector<char>(static_cast<std::size_t>(kFileBlock), 0));
  FileReading reading;
  reading.file = file.get();
  reading.from = from;
  reading.max_bytes = max_bytes;
  const std::int64_t begin = steady_ns();
  reading.until_ns = begin + std::llround(max_seconds * kNsPerSecond);
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 1; i < blocks.size(); ++i) {
      threads.emplace_back([&reading, &block = blocks[i]] { reading.read(block); });
    }
    reading.read(blocks.front());
  }
  const std::int64_t elapsed = steady_ns() - begin;
  if (reading.error != 0) {
    errno = reading.error;
    return errno_failure("read", path);
  }
  FileRead read{.bytes = reading.bytes, .b_s = 0};
  if (read.bytes == 0 || elapsed <= 0) {
    return fail(ErrorKind::io, "'{}' holds nothing to read", path.string());
  }
  read.b_s = static_cast<double>(read.bytes) / static_cast<double>(elapsed) * kNsPerSecond;
  return read;
}

FileRates file_rates(const std::filesystem::path& path, double max_seconds) {
  FileRates rates;
  std::error_code code;
  const auto size = static_cast<std::int64_t>(std::filesystem::file_size(path, code));
  const bool emptied = empty_cache(path);
  const auto one = read_file_rate(path, max_seconds / 2);
  if (code || !one) {
    return rates;
  }
  // Where the file is long enough the others begin behind it: what a disk or a host has in a cache of its own is no
  // proof.
  const std::int64_t from = size - one->bytes >= one->bytes / 2 ? one->bytes : 0;
  const bool emptied_again = empty_cache(path);
  const auto several = read_file_rate(path, max_seconds / 2, kToTheEnd, kReaders, from);
  if (!several) {
    return rates;
  }
  if (emptied && emptied_again) {
    rates.cold_b_s = std::max(one->b_s, several->b_s);
  }
  // However large the file, no further than what was just read and lies in the cache now.
  for (const int readers : {1, kReaders}) {
    if (const auto again = read_file_rate(path, max_seconds / 2, several->bytes, readers, from)) {
      rates.cached_b_s = std::max(rates.cached_b_s.value_or(0), again->b_s);
    }
  }
  return rates;
}

}  // namespace mia::host
