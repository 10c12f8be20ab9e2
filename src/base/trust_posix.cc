// SPDX-License-Identifier: MIT
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <system_error>

#include "base/files.h"
#include "base/text.h"

namespace mia {
namespace fs = std::filesystem;
namespace {

// The group that many systems give each account for itself: writable by it is writable by the account alone.
bool is_own_group(gid_t id) {
  const passwd* const account = ::getpwuid(::geteuid());
  const std::string name = account != nullptr ? account->pw_name : "";
  const group* const members = ::getgrgid(id);
  if (id == 0 || members == nullptr || name.empty()) {
    return id == 0;
  }
  for (char** at = members->gr_mem; *at != nullptr; ++at) {  // NOLINT: an array of the C library
    if (name != *at) {
      return false;
    }
  }
  return name == members->gr_name;
}

// Who else may write there; "" nobody. Below a sticky folder (/tmp) nobody replaces what belongs to another.
std::string writers_of(const struct stat& info, bool sticky_counts) {
  if (sticky_counts && (info.st_mode & S_ISVTX) != 0) {
    return {};
  }
  if ((info.st_mode & S_IWOTH) != 0) {
    return "every account may write there";
  }
  if ((info.st_mode & S_IWGRP) != 0 && !is_own_group(info.st_gid)) {
    return fmt::format("group {} may write there", info.st_gid);
  }
  return {};
}

struct Weakness {
  fs::path path;
  std::string why;
};

std::optional<Weakness> weakness_of(const fs::path& path) {
  const fs::path folder = path.parent_path();
  for (fs::path at = path; !at.empty(); at = at.parent_path()) {
    struct stat info {};
    if (::stat(at.c_str(), &info) == 0) {
      const bool near = at == path || at == folder;
      std::string why = writers_of(info, !near);
      if (why.empty() && near && info.st_uid != 0 && info.st_uid != ::geteuid()) {
        why = fmt::format("it belongs to account {}", info.st_uid);
      }
      if (!why.empty()) {
        return Weakness{at, std::move(why)};
      }
    }
    if (at == at.root_path()) {
      break;
    }
  }
  return std::nullopt;
}

}  // namespace

Status require_trusted(const fs::path& path, std::string_view what) {
  std::error_code code;
  const fs::path given = fs::absolute(path, code).lexically_normal();
  for (const fs::path& at : {given, fs::weakly_canonical(given, code)}) {  // a link and what it leads to
    if (const auto weak = weakness_of(at)) {
      return with_hint(fail(ErrorKind::usage, "{} '{}' is not used: others may change it ('{}': {})", what,
                            one_line(path.string()), one_line(weak->path.string()), weak->why),
                       fmt::format("keep it where this account alone may write: chmod go-w and chown '{}', or move it",
                                   one_line(weak->path.string())));
    }
  }
  return {};
}

}  // namespace mia
