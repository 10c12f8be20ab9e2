// SPDX-License-Identifier: MIT
// llama-bench's tables in each of its formats.
#include <cstdint>
#include <string_view>

#include "imports/llama_bench.h"

extern "C" int LLVMFuzzerTestOneInput(const char* data, std::size_t size) {
  (void)mia::imports::read_llama_bench(std::string_view(data, size), "fuzz");
  return 0;
}
