// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

namespace mia::judge {

// Always of B against A. `same`: within the margin, proven; `unclear`: neither could be shown.
enum class Verdict { faster, same, slower, unclear };

[[nodiscard]] constexpr std::string_view name_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::faster:
      return "faster";
    case Verdict::same:
      return "same";
    case Verdict::slower:
      return "slower";
    case Verdict::unclear:
      break;
  }
  return "unclear";
}

}  // namespace mia::judge
