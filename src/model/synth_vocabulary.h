// SPDX-License-Identifier: MIT
// Private to the room: a byte-level BPE vocabulary of any size that tokenizes every text and gives it back.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace mia::model {

struct Vocabulary {
  std::vector<std::string> tokens;  // in the spelling of GPT-2: every byte is a printable character
  std::vector<std::string> merges;  // "left right", by rank
  std::int64_t begin = 0;           // id of the token before a text
  std::int64_t end = 0;             // id of the token behind it
};

// `size` tokens: 256 bytes, then pieces of lower-case letters with and without a leading space, shortest first, each
// one letter longer than a piece before it; the two control tokens are the last. size >= 260.
[[nodiscard]] Vocabulary make_vocabulary(std::int64_t size);

}  // namespace mia::model
