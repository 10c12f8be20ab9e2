// SPDX-License-Identifier: MIT
#include "base/wide.h"

#include <array>

#include <windows.h>

#include <fmt/format.h>

#include "base/text.h"

namespace mia {

std::wstring to_wide(std::string_view text) {
  const int size = static_cast<int>(text.size());
  std::wstring wide(static_cast<std::size_t>(MultiByteToWideChar(CP_UTF8, 0, text.data(), size, nullptr, 0)), L'\0');
  MultiByteToWideChar(CP_UTF8, 0, text.data(), size, wide.data(), static_cast<int>(wide.size()));
  return wide;
}

std::string from_wide(std::wstring_view text) {
  const int size = static_cast<int>(text.size());
  std::string narrow(
      static_cast<std::size_t>(WideCharToMultiByte(CP_UTF8, 0, text.data(), size, nullptr, 0, nullptr, nullptr)), '\0');
  WideCharToMultiByte(CP_UTF8, 0, text.data(), size, narrow.data(), static_cast<int>(narrow.size()), nullptr, nullptr);
  return narrow;
}

std::string last_error() {
  const DWORD code = GetLastError();
  std::array<wchar_t, 512> words{};
  const DWORD length = FormatMessageW(FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS, nullptr, code, 0,
                                      words.data(), static_cast<DWORD>(words.size()), nullptr);
  return fmt::format("{} ({})", one_line(trim(from_wide({words.data(), length})), 200), code);
}

}  // namespace mia
