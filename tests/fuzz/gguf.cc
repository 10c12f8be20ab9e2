// SPDX-License-Identifier: MIT
#include <cstdint>
#include <span>

#include "model/gguf.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  (void)mia::model::parse_gguf(std::as_bytes(std::span(data, size)), "fuzz.gguf");
  return 0;
}
