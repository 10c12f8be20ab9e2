// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <span>

#include "record/members.h"

namespace mia::record {

// Always of B against A. `same`: within the margin, proven; `unclear`: neither could be shown.
enum class Verdict { faster, same, slower, unclear };
inline constexpr std::array<Name<Verdict>, 4> kVerdicts{
    {{Verdict::faster, "faster"}, {Verdict::same, "same"}, {Verdict::slower, "slower"}, {Verdict::unclear, "unclear"}}};
[[nodiscard]] constexpr std::span<const Name<Verdict>> names(Verdict /*verdict*/) {
  return kVerdicts;
}
[[nodiscard]] constexpr bool is_difference(Verdict verdict) {
  return verdict == Verdict::faster || verdict == Verdict::slower;
}

}  // namespace mia::record
