// SPDX-License-Identifier: MIT
#include "base/files.h"

#include <algorithm>
#include <cstdlib>
#include <system_error>
#include <vector>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/files_internal.h"
#include "base/text.h"

namespace mia {
namespace fs = std::filesystem;
namespace {

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

}  // namespace

std::string contents_of(const fs::path& folder) {
  const std::vector<std::string> names = names_in(folder);
  const std::string where = folder == "." ? "this folder" : fmt::format("'{}'", folder.string());
  return names.empty() ? where + " is empty" : fmt::format("{} holds {}", where, some_of(names));
}

namespace {

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

bool is_special(const fs::file_status& there) {
  return fs::exists(there) && !fs::is_regular_file(there) && !fs::is_directory(there);
}

Failure is_a_folder(const fs::path& path) {
  return with_hint(fail(ErrorKind::io, "'{}' is a folder, not a file", path.string()), "name a file in it");
}

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

fs::path data_dir() {
  if (const char* const xdg = std::getenv("XDG_DATA_HOME"); xdg != nullptr && fs::path(xdg).is_absolute()) {
    return fs::path(xdg) / "mia-perf";
  }
  const fs::path home = data_home();
  return home.empty() ? home : home / "mia-perf";
}

Status require_data_dir() {
  const char* const xdg = std::getenv("XDG_DATA_HOME");
  if (xdg != nullptr && *xdg != '\0' && !fs::path(xdg).is_absolute()) {
    return with_hint(fail(ErrorKind::usage, "XDG_DATA_HOME is '{}', which is no absolute path", one_line(xdg)),
                     "set it to an absolute path, or unset it");
  }
  if (data_dir().empty()) {
    return with_hint(
        fail(ErrorKind::usage, "there is no folder for runtimes, models and results: {}", why_no_data_home()),
        "set XDG_DATA_HOME to a folder in which this account alone may write");
  }
  return {};
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
