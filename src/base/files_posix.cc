// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <system_error>

#include "base/files.h"
#include "base/files_internal.h"
#include "base/text.h"

namespace mia {
namespace fs = std::filesystem;
namespace {

class Fd {
 public:
  explicit Fd(int fd) : fd_(fd) {}
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  ~Fd() { close(); }
  [[nodiscard]] int get() const { return fd_; }
  // False if the kernel reports a late write error.
  bool close() {
    const int fd = fd_;
    fd_ = -1;
    return fd < 0 || ::close(fd) == 0;
  }

 private:
  int fd_;
};

// Kind output where the place was good and what was made did not fit.
Failure io_failure(std::string_view what, const fs::path& path) {
  const bool is_full = errno == ENOSPC || errno == EDQUOT || errno == EFBIG;
  return fail(is_full ? ErrorKind::output : ErrorKind::io, "cannot {} '{}': {}", what, path.string(),
              std::strerror(errno));
}

bool write_all(int fd, std::string_view content) {
  while (!content.empty()) {
    const ssize_t written = ::write(fd, content.data(), content.size());
    if (written < 0 && errno == EINTR) {
      continue;
    }
    if (written <= 0) {
      return false;
    }
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

// A device or a FIFO cannot be replaced by a file: it is written to. Waits for no reader.
Status write_into(const fs::path& path, std::string_view content) {
  Fd file(::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  if (file.get() < 0 || ::fcntl(file.get(), F_SETFL, 0) != 0 || !write_all(file.get(), content)) {
    return io_failure("write", path);
  }
  return {};
}

}  // namespace

Status for_each_piece(const fs::path& path, const std::function<Status(std::string_view)>& consume) {
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) {
    return errno == ENOENT ? no_such_file(path) : io_failure("open", path);
  }
  static constexpr std::size_t kPiece = std::size_t{1} << 20U;
  std::string buffer(kPiece, '\0');
  while (true) {
    const ssize_t count = ::read(file.get(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count < 0 && errno == EISDIR) {
      return with_hint(fail(ErrorKind::io, "'{}' is a folder, not a file", path.string()), contents_of(path));
    }
    if (count < 0) {
      return io_failure("read", path);
    }
    if (count == 0) {
      return {};
    }
    MIA_TRY(consume(std::string_view(buffer.data(), static_cast<std::size_t>(count))));
  }
}

Status write_file_atomic(const fs::path& path, std::string_view content) {
  std::error_code code;
  const fs::file_status there = fs::status(path, code);
  if (is_special(there)) {
    return write_into(path, content);
  }
  if (fs::is_directory(there)) {
    return is_a_folder(path);
  }
  if (path.has_parent_path()) {
    fs::create_directories(path.parent_path(), code);
  }
  std::string temporary = path.string() + ".XXXXXX";
  Fd file(::mkostemp(temporary.data(), O_CLOEXEC));
  if (file.get() < 0) {
    return io_failure("create a file beside", path);
  }
  constexpr mode_t kMode = 0644;
  const bool ok = write_all(file.get(), content) && ::fchmod(file.get(), kMode) == 0 && ::fsync(file.get()) == 0 &&
                  file.close() && ::rename(temporary.c_str(), path.c_str()) == 0;
  if (!ok) {
    const Failure failure = io_failure("write", path);
    ::unlink(temporary.c_str());
    return failure;
  }
  return {};
}

Status ensure_writable_dir(const fs::path& dir) {
  std::error_code code;
  fs::create_directories(dir, code);
  if (code) {
    return fail(ErrorKind::io, "cannot create folder '{}': {}", dir.string(), code.message());
  }
  std::string probe = (dir / ".mia-perf-XXXXXX").string();
  const Fd file(::mkostemp(probe.data(), O_CLOEXEC));
  if (file.get() < 0) {
    return io_failure("write into folder", dir);
  }
  ::unlink(probe.c_str());
  return {};
}

fs::path home_dir() {
  if (const char* const home = std::getenv("HOME"); home != nullptr && *home == '/') {
    return home;
  }
  const passwd* const account = ::getpwuid(::geteuid());
  std::error_code code;
  return account != nullptr && *account->pw_dir == '/' && fs::is_directory(account->pw_dir, code) ? account->pw_dir
                                                                                                  : fs::path();
}

fs::path data_home() {
  const fs::path home = home_dir();
  return home.empty() ? home : home / ".local/share";
}

std::string why_no_data_home() {
  return fmt::format("HOME is not set, and account {} has no home", ::geteuid());
}

fs::path executable_path() {
  std::array<char, 4096> buffer{};
  const ssize_t length = ::readlink("/proc/self/exe", buffer.data(), buffer.size());
  return length > 0 ? fs::path(std::string(buffer.data(), static_cast<std::size_t>(length))) : fs::path();
}

}  // namespace mia
