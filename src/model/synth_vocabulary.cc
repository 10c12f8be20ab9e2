// SPDX-License-Identifier: MIT
#include "model/synth_vocabulary.h"

#include <string_view>

namespace mia::model {
namespace {

// Most frequent first, so that a small vocabulary has the pieces that occur.
constexpr std::string_view kLetters = "etaoinshrdlcumwfgypbvkjxqz";

std::string utf8(std::uint32_t code) {
  if (code < 0x80) {
    return {static_cast<char>(code)};
  }
  return {static_cast<char>(0xc0U | (code >> 6U)), static_cast<char>(0x80U | (code & 0x3fU))};
}

// GPT-2 writes each byte as a printable character: itself where it is one in Latin-1, else the next one from U+0100.
std::vector<std::string> byte_tokens() {
  std::vector<std::string> tokens;
  std::uint32_t next = 0x100;
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    const bool printable = (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
    tokens.push_back(utf8(printable ? byte : next++));
  }
  return tokens;
}

}  // namespace

Vocabulary make_vocabulary(std::int64_t size) {
  const auto wanted = static_cast<std::size_t>(size) - 2;
  Vocabulary vocabulary;
  vocabulary.tokens = byte_tokens();
  std::vector<std::string>& tokens = vocabulary.tokens;
  std::vector<std::string> parents{tokens[' ']};
  for (const char letter : kLetters) {
    parents.emplace_back(1, letter);
  }
  while (tokens.size() < wanted) {
    std::vector<std::string> longer;
    for (const std::string& parent : parents) {
      for (std::size_t i = 0; i < kLetters.size() && tokens.size() < wanted; ++i) {
        const char letter = kLetters[i];
        vocabulary.merges.push_back(parent + ' ' + letter);
        tokens.push_back(parent + letter);
        longer.push_back(tokens.back());
      }
    }
    parents = std::move(longer);
  }
  tokens.emplace_back("<|startoftext|>");
  tokens.emplace_back("<|endoftext|>");
  vocabulary.begin = size - 2;
  vocabulary.end = size - 1;
  return vocabulary;
}

}  // namespace mia::model
