// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string_view>

namespace mia::document {

struct CodePoint {
  char32_t value = 0;
  std::size_t bytes = 1;
};

// Code point at `text[at]` of valid UTF-8 (what printable() returns); a stray byte stands for itself.
[[nodiscard]] inline CodePoint code_point_at(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(at);
  const std::size_t bytes = lead < 0xC0 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  if (bytes == 1 || at + bytes > text.size()) {
    return {lead, 1};
  }
  char32_t value = lead & (0x7FU >> bytes);
  for (std::size_t i = 1; i < bytes; ++i) {
    value = (value << 6U) | (byte(at + i) & 0x3FU);
  }
  return {value, bytes};
}

}  // namespace mia::document
