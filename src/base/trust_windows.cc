// SPDX-License-Identifier: MIT
#include <array>
#include <system_error>

#include <windows.h>

#include <aclapi.h>
#include <sddl.h>

#include "base/files.h"
#include "base/text.h"

namespace mia {
namespace fs = std::filesystem;
namespace {

// Everyone, authenticated users, users, guests: whom Windows lets into folders outside a profile by default.
constexpr std::array kOthers = {L"S-1-1-0", L"S-1-5-11", L"S-1-5-32-545", L"S-1-5-32-546"};
constexpr DWORD kChange = FILE_WRITE_DATA | FILE_APPEND_DATA | DELETE | WRITE_DAC | WRITE_OWNER | FILE_DELETE_CHILD;

bool others_may_change(const fs::path& path) {
  PACL list = nullptr;
  PSECURITY_DESCRIPTOR descriptor = nullptr;
  const DWORD code = GetNamedSecurityInfoW(path.c_str(), SE_FILE_OBJECT, DACL_SECURITY_INFORMATION, nullptr, nullptr,
                                           &list, nullptr, &descriptor);
  if (code != ERROR_SUCCESS) {
    return false;  // not there: what opens it says so
  }
  bool may = list == nullptr;  // no list at all lets everybody in
  for (const wchar_t* const text : kOthers) {
    PSID account = nullptr;
    if (list == nullptr || ConvertStringSidToSidW(text, &account) == 0) {
      continue;
    }
    TRUSTEE_W trustee{};
    BuildTrusteeWithSidW(&trustee, account);
    ACCESS_MASK rights = 0;
    may = may || (GetEffectiveRightsFromAclW(list, &trustee, &rights) == ERROR_SUCCESS && (rights & kChange) != 0);
    LocalFree(account);
  }
  LocalFree(descriptor);
  return may;
}

}  // namespace

Status require_trusted(const fs::path& path, std::string_view what) {
  std::error_code code;
  const fs::path given = fs::absolute(path, code).lexically_normal();
  for (const fs::path& at : {given, given.parent_path()}) {
    if (others_may_change(at)) {
      return with_hint(fail(ErrorKind::usage, "{} '{}' is not used: other accounts may change '{}'", what,
                            one_line(path.string()), one_line(at.string())),
                       "keep it in a folder of your profile, or take the right to write from Users and Everyone");
    }
  }
  return {};
}

}  // namespace mia
