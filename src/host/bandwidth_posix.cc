// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

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

// One of the files that are read as if they were one.
struct Piece {
  Fd file;
  std::int64_t begin = 0;
  std::int64_t end = 0;
};

Result<std::vector<Piece>> open_pieces(const std::vector<std::filesystem::path>& files) {
  std::vector<Piece> pieces;
  std::int64_t end = 0;
  for (const std::filesystem::path& path : files) {
    Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    struct stat info {};
    if (file.get() < 0 || ::fstat(file.get(), &info) != 0) {
      return errno_failure("open", path);
    }
    const std::int64_t begin = std::exchange(end, end + info.st_size);
    pieces.push_back({std::move(file), begin, end});
  }
  return pieces;
}

// Blocks of the files, taken by several threads until the time, the bytes or the files end.
struct FileReading {
  std::vector<Piece> pieces;
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

  // false at the end of the files.
  bool read_block(std::vector<char>& block, std::int64_t at, std::int64_t wanted) {
    while (wanted > 0) {
      const auto piece = std::ranges::find_if(pieces, [at](const Piece& one) { return at < one.end; });
      if (piece == pieces.end()) {
        return false;
      }
      const std::int64_t here = std::min(wanted, piece->end - at);
      const ssize_t count = ::pread(piece->file.get(), block.data(), static_cast<std::size_t>(here), at - piece->begin);
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

bool empty_cache(const std::vector<std::filesystem::path>& files) {
  const auto emptied = prepare_cache(files, "cold");
  return emptied && emptied->state == "cold";
}

constexpr int kReaders = 4;
constexpr std::int64_t kToTheEnd = std::numeric_limits<std::int64_t>::max();

}  // namespace

Result<FileRead> read_file_rate(const std::vector<std::filesystem::path>& files, double max_seconds,
                                std::int64_t max_bytes, int readers, std::int64_t from) {
  constexpr double kNsPerSecond = 1e9;
  FileReading reading;
  MIA_TRY_ASSIGN(reading.pieces, open_pieces(files));
  // touched before the clock starts
  std::vector<std::vector<char>> blocks(static_cast<std::size_t>(std::max(readers, 1)),
                                        std::vector<char>(static_cast<std::size_t>(kFileBlock), 0));
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
    return errno_failure("read", files.front());
  }
  FileRead read{.bytes = reading.bytes, .b_s = 0};
  if (read.bytes == 0 || elapsed <= 0) {
    return fail(ErrorKind::io, "'{}' holds nothing to read", files.front().string());
  }
  read.b_s = static_cast<double>(read.bytes) / static_cast<double>(elapsed) * kNsPerSecond;
  return read;
}

FileRates file_rates(const std::vector<std::filesystem::path>& files, const Stop& stop, double max_seconds) {
  const auto stopped = [&] { return stop && stop(); };
  FileRates rates;
  const bool emptied = empty_cache(files);
  const auto one = read_file_rate(files, max_seconds / 2);
  const auto pieces = open_pieces(files);
  if (!one || !pieces || stopped()) {
    return rates;
  }
  const std::int64_t size = pieces->back().end;
  // Where the file is long enough the others begin behind it: what a disk or a host has in a cache of its own is no
  // proof.
  const std::int64_t from = size - one->bytes >= one->bytes / 2 ? one->bytes : 0;
  if (stopped()) {
    return {};
  }
  const bool emptied_again = empty_cache(files);
  const auto several = read_file_rate(files, max_seconds / 2, kToTheEnd, kReaders, from);
  if (!several || stopped()) {
    return rates;
  }
  if (emptied && emptied_again) {
    rates.cold_b_s = std::max(one->b_s, several->b_s);
  }
  // However large the file, no further than what was just read and lies in the cache now.
  for (const int readers : {1, kReaders}) {
    if (stopped()) {
      return {};
    }
    if (const auto again = read_file_rate(files, max_seconds / 2, several->bytes, readers, from)) {
      rates.cached_b_s = std::max(rates.cached_b_s.value_or(0), again->b_s);
    }
  }
  return rates;
}

}  // namespace mia::host
