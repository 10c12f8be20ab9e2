// SPDX-License-Identifier: MIT
#include <cstdint>
#include <string_view>

#include "config/yaml_tree.h"

extern "C" int LLVMFuzzerTestOneInput(const char* data, std::size_t size) {
  (void)mia::config::parse_yaml(std::string_view(data, size), "fuzz.yaml");
  return 0;
}
