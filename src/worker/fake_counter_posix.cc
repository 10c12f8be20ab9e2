// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "base/text.h"
#include "worker/fake_counter.h"

namespace mia::worker {
namespace {

// Reads, adds one and writes back; 0 on a failure of the file.
std::int64_t count_up(int fd) {
  std::array<char, 32> bytes{};
  const ssize_t length = ::pread(fd, bytes.data(), bytes.size() - 1, 0);
  if (length < 0) {
    return 0;
  }
  const std::int64_t number =
      parse_int(std::string_view(bytes.data(), static_cast<std::size_t>(length))).value_or(0) + 1;
  const std::string text = fmt::format("{}\n", number);
  return ::pwrite(fd, text.data(), text.size(), 0) == static_cast<ssize_t>(text.size()) ? number : 0;
}

}  // namespace

Result<std::int64_t> count_trial() {
  const char* const path = std::getenv("MIA_FAKE_COUNTER");
  if (path == nullptr) {
    return 1;
  }
  constexpr mode_t kMode = 0644;
  const int fd = ::open(path, O_RDWR | O_CREAT | O_CLOEXEC, kMode);
  if (fd < 0) {
    return fail(ErrorKind::io, "cannot open the counter '{}' named by MIA_FAKE_COUNTER: {}", path,
                std::strerror(errno));
  }
  const std::int64_t number = ::flock(fd, LOCK_EX) == 0 ? count_up(fd) : 0;
  ::close(fd);
  if (number == 0) {
    return fail(ErrorKind::io, "cannot count in '{}' named by MIA_FAKE_COUNTER", path);
  }
  return number;
}

}  // namespace mia::worker
