// SPDX-License-Identifier: MIT
// What a worker may say; what is taken must say the same once it is written and read again.
#include <cstdlib>
#include <string_view>

#include "proto/message.h"

extern "C" int LLVMFuzzerTestOneInput(const char* data, std::size_t size) {
  const std::string_view line(data, size);
  (void)mia::proto::decode_request(line);
  if (const auto reply = mia::proto::decode_reply(line)) {
    const std::string again = mia::proto::encode(reply->id, reply->reply);
    const auto back = mia::proto::decode_reply(again);
    if (!back || mia::proto::encode(back->id, back->reply) != again) {
      std::abort();
    }
  }
  return 0;
}
