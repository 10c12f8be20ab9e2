// SPDX-License-Identifier: MIT
// A report's file, plain or gzip; what is read can be written.
#include <cstdint>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "report/json.h"
#include "report/sealed.h"

extern "C" int LLVMFuzzerTestOneInput(const char* data, std::size_t size) {
  constexpr std::size_t kLimit = std::size_t{1} << 20U;
  std::string text(data, size);
  if (text.starts_with("\x1f\x8b")) {
    text = mia::report::unpack_gzip(text, kLimit).value_or("");
  }
  if (const auto json = mia::parse_json(text, {kLimit, 32})) {
    if (const auto report = mia::report::from_document(*json, mia::report::Edited::allow)) {
      (void)mia::report::to_document(*report);
    }
  }
  return 0;
}
