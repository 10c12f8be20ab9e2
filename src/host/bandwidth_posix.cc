// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <functional>
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
  std::int64_t max_bytes = 0;
  std::atomic<std::int64_t> next = 0;
  std::atomic<std::int64_t> bytes = 0;
  std::atomic<int> error = 0;

  void read(std::vector<char>& block) {
    while (error == 0 && steady_ns() < until_ns) {
      const std::int64_t at = next.fetch_add(1) * kFileBlock;
      const std::int64_t wanted = std::min(kFileBlock, max_bytes - at);
      if (wanted <= 0 || !read_block(block, at, wanted)) {
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

// The better rate of one reader and of several, each from the state that `prepare` brings the file into.
std::optional<double> best_rate(const std::filesystem::path& path, double max_seconds, std::int64_t max_bytes,
                                const std::function<bool()>& prepare, std::int64_t* least_read = nullptr) {
  constexpr int kReaders = 4;
  std::optional<double> best;
  for (const int readers : {1, kReaders}) {
    const bool ready = prepare();
    const auto read = read_file_rate(path, max_seconds / 2, max_bytes, readers);
    if (!read) {
      return best;
    }
    if (least_read != nullptr) {
      *least_read = read->bytes;  // of the last one: what lies in the cache now
    }
    if (ready) {
      best = std::max(best.value_or(0), read->b_s);
    }
  }
  return best;
}

}  // namespace

Result<FileRead> read_file_rate(const std::filesystem::path& path, double max_seconds, std::int64_t max_bytes,
                                int readers) {
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
  constexpr std::int64_t kAll = std::numeric_limits<std::int64_t>::max();
  std::int64_t resident = 0;
  FileRates rates;
  rates.cold_b_s = best_rate(
      path, max_seconds, kAll,
      [&] {
        const auto emptied = prepare_cache(path, "cold");
        return emptied && emptied->state == "cold";
      },
      &resident);
  // However large the file, no further than what was just read and lies in the cache now.
  if (resident > 0) {
    rates.cached_b_s = best_rate(path, max_seconds, resident, [] { return true; });
  }
  return rates;
}

}  // namespace mia::host
