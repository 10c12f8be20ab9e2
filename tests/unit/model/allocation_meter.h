// SPDX-License-Identifier: MIT
// Bytes that operator new holds in this test program.
#pragma once

#include <cstddef>

namespace mia::model::test {

void reset_peak();
[[nodiscard]] std::size_t peak_bytes();  // most held at once since reset_peak(), beyond what was held then

}  // namespace mia::model::test
