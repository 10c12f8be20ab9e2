// SPDX-License-Identifier: MIT
#include <cstdint>
#include <string_view>

#include "measure/scenario.h"

extern "C" int LLVMFuzzerTestOneInput(const char* data, std::size_t size) {
  (void)mia::measure::parse_scenario(std::string_view(data, size), "fuzz");
  return 0;
}
