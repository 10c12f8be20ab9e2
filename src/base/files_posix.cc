// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <system_error>
#include <vector>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/files.h"
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

// Names in a folder, sorted; links that lead nowhere, too.
std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code code;
  for (fs::directory_iterator at(folder, code), end; !code && at != end; at.increment(code)) {
    names.push_back(at->path().filename().string());
  }
  std::ranges::sort(names);
  return names;
}

// "a, b, c and 4 more"
std::string some_of(std::vector<std::string> names) {
  constexpr std::size_t kShown = 8;
  const std::size_t more = names.size() > kShown ? names.size() - kShown : 0;
  names.resize(names.size() - more);
  const std::string text = one_line(join(names, ", "));
  return more > 0 ? fmt::format("{} and {} more", text, more) : text;
}

std::string contents_of(const fs::path& folder) {
  const std::vector<std::string> names = names_in(folder);
  const std::string where = folder == "." ? "this folder" : fmt::format("'{}'", folder.string());
  return names.empty() ? where + " is empty" : fmt::format("{} holds {}", where, some_of(names));
}

std::string whats_beside(const fs::path& path) {
  const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
  std::error_code code;
  if (!fs::is_directory(folder, code)) {
    return fmt::format("there is no folder '{}' either", folder.string());
  }
  if (const auto near = nearest_name(path.filename().string(), names_in(folder))) {
    return fmt::format("did you mean '{}'?", (path.parent_path() / *near).string());
  }
  return contents_of(folder);
}

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

// Calls `consume` with each piece read; stops on the first failure it returns.
template <class Consume>
Status for_each_piece(const fs::path& path, Consume consume) {
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

}  // namespace

Failure no_such_file(const fs::path& path, std::string_view what) {
  std::error_code code;
  if (fs::is_symlink(path, code)) {
    const fs::path target = fs::read_symlink(path, code);
    if (!fs::exists(path, code) && code == std::errc::too_many_symbolic_link_levels) {
      return with_hint(fail(ErrorKind::not_found, "'{}' is a link that leads back to itself", path.string()),
                       "name the file itself");
    }
    return with_hint(
        fail(ErrorKind::not_found, "'{}' is a link to '{}', where there is nothing", path.string(), target.string()),
        "get the file back, or name another");
  }
  return with_hint(fail(ErrorKind::not_found, "there is no {} '{}'", what, path.string()), whats_beside(path));
}

Result<std::string> read_file(const fs::path& path, std::size_t limit) {
  std::string content;
  MIA_TRY(for_each_piece(path, [&](std::string_view piece) -> Status {
    if (content.size() + piece.size() > limit) {
      return fail(ErrorKind::io, "'{}' is larger than {} bytes", path.string(), limit);
    }
    content += piece;
    return {};
  }));
  return content;
}

namespace {

bool is_special(const fs::file_status& there) {
  return fs::exists(there) && !fs::is_regular_file(there) && !fs::is_directory(there);
}

Failure is_a_folder(const fs::path& path) {
  return with_hint(fail(ErrorKind::io, "'{}' is a folder, not a file", path.string()), "name a file in it");
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

Status try_output(const fs::path& path) {
  std::error_code code;
  const fs::file_status there = fs::status(path, code);
  if (path.empty() || is_special(there)) {
    return {};
  }
  if (fs::is_directory(there)) {
    return is_a_folder(path);
  }
  return ensure_writable_dir(path.has_parent_path() ? path.parent_path() : fs::path("."));
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

fs::path data_dir() {
  if (const char* const xdg = std::getenv("XDG_DATA_HOME"); xdg != nullptr && *xdg == '/') {
    return fs::path(xdg) / "mia-perf";
  }
  const fs::path home = home_dir();
  return home.empty() ? home : home / ".local/share/mia-perf";
}

Status require_data_dir() {
  const char* const xdg = std::getenv("XDG_DATA_HOME");
  if (xdg != nullptr && *xdg != '\0' && *xdg != '/') {
    return with_hint(fail(ErrorKind::usage, "XDG_DATA_HOME is '{}', which is no absolute path", one_line(xdg)),
                     "set it to an absolute path, or unset it");
  }
  if (data_dir().empty()) {
    return with_hint(fail(ErrorKind::usage,
                          "there is no folder for runtimes, models and results: HOME is not set, and account {} has no "
                          "home",
                          ::geteuid()),
                     "set XDG_DATA_HOME to a folder in which this account alone may write");
  }
  return {};
}

fs::path executable_path() {
  std::array<char, 4096> buffer{};
  const ssize_t length = ::readlink("/proc/self/exe", buffer.data(), buffer.size());
  return length > 0 ? fs::path(std::string(buffer.data(), static_cast<std::size_t>(length))) : fs::path();
}

std::string hash_hex(std::string_view bytes) {
  return fmt::format("{:016x}", XXH3_64bits(bytes.data(), bytes.size()));
}

Result<std::string> hash_file(const fs::path& path) {
  XXH3_state_t* const state = XXH3_createState();
  XXH3_64bits_reset(state);
  const Status status = for_each_piece(path, [&](std::string_view piece) -> Status {
    XXH3_64bits_update(state, piece.data(), piece.size());
    return {};
  });
  const XXH64_hash_t digest = XXH3_64bits_digest(state);
  XXH3_freeState(state);
  MIA_TRY(status);
  return fmt::format("{:016x}", digest);
}

}  // namespace mia
