// SPDX-License-Identifier: MIT
#include <array>
#include <cstdlib>
#include <system_error>

#include <windows.h>

#include "base/clock.h"
#include "base/files.h"
#include "base/files_internal.h"
#include "base/text.h"
#include "base/wide.h"

namespace mia {
namespace fs = std::filesystem;
namespace {

class Handle {
 public:
  explicit Handle(HANDLE handle) : handle_(handle) {}
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  ~Handle() { close(); }
  [[nodiscard]] HANDLE get() const { return handle_; }
  [[nodiscard]] bool valid() const { return handle_ != INVALID_HANDLE_VALUE; }
  bool close() { return !valid() || CloseHandle(std::exchange(handle_, INVALID_HANDLE_VALUE)) != 0; }

 private:
  HANDLE handle_;
};

Failure io_failure(std::string_view what, const fs::path& path) {
  const bool is_full = GetLastError() == ERROR_DISK_FULL;
  return fail(is_full ? ErrorKind::output : ErrorKind::io, "cannot {} '{}': {}", what, path.string(), last_error());
}

bool write_all(HANDLE file, std::string_view content) {
  constexpr std::size_t kMost = std::size_t{1} << 30U;
  while (!content.empty()) {
    DWORD written = 0;
    const auto piece = static_cast<DWORD>(std::min(content.size(), kMost));
    if (WriteFile(file, content.data(), piece, &written, nullptr) == 0 || written == 0) {
      return false;
    }
    content.remove_prefix(written);
  }
  return true;
}

// A new file of a name that nobody else has.
fs::path name_beside(const fs::path& path) {
  fs::path name = path;
  name += to_wide(fmt::format(".{:x}-{:x}", GetCurrentProcessId(), steady_ns() & 0xffffff));
  return name;
}

HANDLE create_new(const fs::path& path) {
  return CreateFileW(path.c_str(), GENERIC_WRITE, 0, nullptr, CREATE_NEW, FILE_ATTRIBUTE_NORMAL, nullptr);
}

// A virus scanner or an index may hold the file for a moment.
bool replace(const fs::path& from, const fs::path& to) {
  constexpr int kAttempts = 20;
  constexpr DWORD kPauseMs = 20;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    if (MoveFileExW(from.c_str(), to.c_str(), MOVEFILE_REPLACE_EXISTING | MOVEFILE_WRITE_THROUGH) != 0) {
      return true;
    }
    if (const DWORD code = GetLastError(); code != ERROR_SHARING_VIOLATION && code != ERROR_ACCESS_DENIED) {
      return false;
    }
    Sleep(kPauseMs);
  }
  return false;
}

fs::path folder_of(const wchar_t* variable) {
  const wchar_t* const text = _wgetenv(variable);
  const fs::path folder = text != nullptr ? text : L"";
  return folder.is_absolute() ? folder : fs::path();
}

}  // namespace

Status for_each_piece(const fs::path& path, const std::function<Status(std::string_view)>& consume) {
  std::error_code code;
  if (fs::is_directory(path, code)) {
    return with_hint(fail(ErrorKind::io, "'{}' is a folder, not a file", path.string()), contents_of(path));
  }
  const Handle file(CreateFileW(path.c_str(), GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                                nullptr, OPEN_EXISTING, FILE_FLAG_SEQUENTIAL_SCAN, nullptr));
  if (!file.valid()) {
    const DWORD error = GetLastError();
    return error == ERROR_FILE_NOT_FOUND || error == ERROR_PATH_NOT_FOUND || error == ERROR_INVALID_NAME
               ? no_such_file(path)
               : io_failure("open", path);
  }
  static constexpr std::size_t kPiece = std::size_t{1} << 20U;
  std::string buffer(kPiece, '\0');
  while (true) {
    DWORD count = 0;
    if (ReadFile(file.get(), buffer.data(), static_cast<DWORD>(buffer.size()), &count, nullptr) == 0) {
      return io_failure("read", path);
    }
    if (count == 0) {
      return {};
    }
    MIA_TRY(consume(std::string_view(buffer.data(), count)));
  }
}

Status write_file_atomic(const fs::path& path, std::string_view content) {
  std::error_code code;
  if (fs::is_directory(path, code)) {
    return is_a_folder(path);
  }
  if (path.has_parent_path()) {
    fs::create_directories(path.parent_path(), code);
  }
  const fs::path temporary = name_beside(path);
  Handle file(create_new(temporary));
  if (!file.valid()) {
    return io_failure("create a file beside", path);
  }
  const bool ok =
      write_all(file.get(), content) && FlushFileBuffers(file.get()) != 0 && file.close() && replace(temporary, path);
  if (!ok) {
    const Failure failure = io_failure("write", path);
    file.close();
    DeleteFileW(temporary.c_str());
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
  const fs::path probe = name_beside(dir / ".mia-perf");
  Handle file(create_new(probe));
  if (!file.valid()) {
    return io_failure("write into folder", dir);
  }
  file.close();
  DeleteFileW(probe.c_str());
  return {};
}

fs::path home_dir() {
  return folder_of(L"USERPROFILE");
}

fs::path data_home() {
  return folder_of(L"LOCALAPPDATA");
}

std::string why_no_data_home() {
  return "LOCALAPPDATA is not set";
}

fs::path executable_path() {
  std::array<wchar_t, 32768> buffer{};
  const DWORD length = GetModuleFileNameW(nullptr, buffer.data(), static_cast<DWORD>(buffer.size()));
  return fs::path(std::wstring(buffer.data(), length));
}

}  // namespace mia
