// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "host/fd.h"
#include "host/page_cache.h"

namespace mia::host {
namespace fs = std::filesystem;
namespace {

// Mapped at a time: mincore writes one byte for each page, so a window costs 64 KiB of answers however large the file.
constexpr std::int64_t kWindow = std::int64_t{256} << 20U;
// Pages still on another CPU's way into the cache escape the first DONTNEED.
constexpr int kEvictTries = 5;
constexpr auto kEvictPause = std::chrono::milliseconds(20);

struct Residency {
  std::int64_t pages = 0;
  std::int64_t resident = 0;

  [[nodiscard]] double fraction() const {
    return pages == 0 ? 0.0 : static_cast<double>(resident) / static_cast<double>(pages);
  }
};

// The kernel's own condition for a true answer (can_do_mincore).
bool mincore_is_honest(const fs::path& path, const struct stat& info) {
  return info.st_uid == ::geteuid() || ::faccessat(AT_FDCWD, path.c_str(), W_OK, AT_EACCESS) == 0;
}

Result<std::int64_t> count_window(const Fd& file, const fs::path& path, std::int64_t offset, std::int64_t length) {
  const auto size = static_cast<std::size_t>(length);
  void* const view = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, file.get(), offset);
  if (view == MAP_FAILED) {
    return errno_failure("map", path);
  }
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  std::vector<unsigned char> answers((size + page - 1) / page);
  const int status = ::mincore(view, size, answers.data());
  const int error = errno;
  ::munmap(view, size);
  if (status != 0) {
    errno = error;
    return errno_failure("ask mincore about", path);
  }
  return std::ranges::count_if(answers, [](unsigned char answer) { return (answer & 1U) != 0; });
}

struct OpenFile {
  Fd file;
  fs::path path;
  struct stat info {};
};

Result<OpenFile> open_regular(const fs::path& path) {
  OpenFile open{Fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC)), path};
  if (open.file.get() < 0 || ::fstat(open.file.get(), &open.info) != 0) {
    return errno_failure("open", path);
  }
  if (!S_ISREG(open.info.st_mode)) {
    return fail(ErrorKind::io, "'{}' is not a regular file", path.string());
  }
  return open;
}

Result<std::vector<OpenFile>> open_all(const std::vector<fs::path>& paths) {
  std::vector<OpenFile> files;
  for (const fs::path& path : paths) {
    MIA_TRY_ASSIGN(OpenFile file, open_regular(path));
    files.push_back(std::move(file));
  }
  return files;
}

Result<Residency> measure(const OpenFile& open) {
  const auto& [file, path, info] = open;
  if (!mincore_is_honest(path, info)) {
    return with_hint(
        fail(ErrorKind::unsupported,
             "the kernel does not say which pages of '{}' are in memory: the file is another user's", path.string()),
        "measure as its owner or make it writable");
  }
  const std::int64_t page = ::sysconf(_SC_PAGESIZE);
  Residency total;
  for (std::int64_t offset = 0; offset < info.st_size; offset += kWindow) {
    const std::int64_t length = std::min<std::int64_t>(kWindow, info.st_size - offset);
    MIA_TRY_ASSIGN(const std::int64_t resident, count_window(file, path, offset, length));
    total.resident += resident;
    total.pages += (length + page - 1) / page;
  }
  return total;
}

Result<Residency> evict(const OpenFile& open) {
  const Fd& file = open.file;
  // Dirty pages cannot be dropped. A failing fsync (read-only file system) has nothing dirty to write.
  static_cast<void>(::fsync(file.get()));
  Result<Residency> seen = Residency{};
  for (int i = 0; i < kEvictTries; ++i) {
    if (i > 0) {
      std::this_thread::sleep_for(kEvictPause);
    }
    static_cast<void>(::posix_fadvise(file.get(), 0, 0, POSIX_FADV_DONTNEED));
    seen = measure(open);
    if (!seen || seen->resident == 0) {
      break;
    }
  }
  return seen;
}

Status read_all(const OpenFile& open, const std::function<bool()>& stop) {
  const auto& [file, path, info] = open;
  constexpr std::size_t kBlock = std::size_t{4} << 20U;
  std::vector<char> block(kBlock);
  for (off_t offset = 0;;) {
    if (stop && stop()) {
      return fail(ErrorKind::interrupted, "interrupted while '{}' was read", path.string());
    }
    const ssize_t count = ::pread(file.get(), block.data(), block.size(), offset);
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count < 0) {
      return errno_failure("read", path);
    }
    if (count == 0) {
      return {};
    }
    offset += count;
  }
}

// Of all files together. Where the kernel hides one, nothing is known of all.
template <class Look>
Result<Residency> sum_of(const std::vector<OpenFile>& files, Look look) {
  Residency all;
  std::optional<Failure> hidden;
  for (const OpenFile& file : files) {
    const auto one = look(file);
    if (!one) {
      hidden = one.failure();
      continue;
    }
    all.pages += one->pages;
    all.resident += one->resident;
  }
  return hidden ? Result<Residency>(*hidden) : all;
}

// A sweep finds a file where its last trial left it: reading 12 GB again would take longer than the trial.
Status read_missing(const std::vector<OpenFile>& files, const std::function<bool()>& stop) {
  for (const OpenFile& file : files) {
    const auto seen = measure(file);
    if (!seen || seen->pages == 0 || seen->resident < seen->pages) {
      MIA_TRY(read_all(file, stop));
    }
  }
  return {};
}

std::string state_of(const Residency& residency) {
  if (residency.pages > 0 && residency.resident == 0) {
    return "cold";
  }
  return residency.fraction() >= kWarmFraction ? "warm" : "unknown";
}

bool never_evicts(const fs::path& path) {
  struct statfs info {};
  return ::statfs(path.c_str(), &info) == 0 &&
         (info.f_type == TMPFS_MAGIC || info.f_type == RAMFS_MAGIC || info.f_type == HUGETLBFS_MAGIC);
}

}  // namespace

Result<double> resident_fraction(const std::vector<fs::path>& files) {
  MIA_TRY_ASSIGN(const std::vector<OpenFile> open, open_all(files));
  MIA_TRY_ASSIGN(const Residency residency, sum_of(open, measure));
  return residency.fraction();
}

bool can_evict(const fs::path& path) {
  std::error_code code;
  const fs::path dir = fs::is_directory(path, code) ? path : fs::absolute(path, code).parent_path();
  std::string probe = (dir / ".mia-perf-XXXXXX").string();
  OpenFile file{Fd(::mkostemp(probe.data(), O_CLOEXEC)), probe};
  if (file.file.get() < 0) {
    return !never_evicts(dir);
  }
  constexpr std::size_t kProbeBytes = std::size_t{256} << 10U;
  const std::string content(kProbeBytes, 'm');
  const bool written =
      ::write(file.file.get(), content.data(), content.size()) == static_cast<ssize_t>(content.size()) &&
      ::fstat(file.file.get(), &file.info) == 0;
  // A file of holes or one never seen resident would prove nothing.
  const auto before = measure(file);
  const auto after = evict(file);
  ::unlink(probe.c_str());
  return written && before && before->resident == before->pages && after && after->resident == 0;
}

Result<record::CacheProof> prepare_cache(const std::vector<fs::path>& files, std::string_view requested,
                                         const std::function<bool()>& stop) {
  if (requested != "cold" && requested != "warm" && requested != "as-is") {
    return fail(ErrorKind::usage, "cache state '{}' is none of cold, warm and as-is", requested);
  }
  MIA_TRY_ASSIGN(const std::vector<OpenFile> open, open_all(files));
  if (requested == "warm") {
    MIA_TRY(read_missing(open, stop));
  }
  const auto residency = requested == "cold" ? sum_of(open, evict) : sum_of(open, measure);
  record::CacheProof proof{.requested = std::string(requested), .state = "unknown", .resident_fraction = {}};
  if (residency) {
    proof.resident_fraction = residency->fraction();
    proof.state = state_of(*residency);
  } else if (residency.error().kind != ErrorKind::unsupported) {
    return residency.failure();
  }
  return proof;
}

}  // namespace mia::host
