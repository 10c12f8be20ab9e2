// SPDX-License-Identifier: MIT
#include "worker/llama/tokens.h"

#include <limits>
#include <random>

namespace mia::worker {

Result<Tokens> tokenize(const llama_vocab* vocab, std::string_view text, bool special) {
  if (llama_vocab_type(vocab) == LLAMA_VOCAB_TYPE_NONE) {
    return fail(ErrorKind::unsupported, "the model has no vocabulary; only workload.input = tokens works with it");
  }
  if (text.size() > static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max())) {
    return fail(ErrorKind::unsupported, "a text of {} bytes is too long to tokenize", text.size());
  }
  const auto length = static_cast<std::int32_t>(text.size());
  // At most one token a byte, and the special ones around.
  Tokens tokens(text.size() + 8);
  const auto run = [&] {
    return llama_tokenize(vocab, text.data(), length, tokens.data(), static_cast<std::int32_t>(tokens.size()), true,
                          special);
  };
  std::int32_t count = run();
  if (count < 0 && count != std::numeric_limits<std::int32_t>::min()) {
    tokens.resize(static_cast<std::size_t>(-count));
    count = run();
  }
  if (count < 0) {
    return fail(ErrorKind::unsupported, "the text cannot be tokenized");
  }
  tokens.resize(static_cast<std::size_t>(count));
  return tokens;
}

std::string detokenize(const llama_vocab* vocab, std::span<const llama_token> tokens) {
  std::string text(tokens.size() * 8 + 16, '\0');
  const auto run = [&] {
    return llama_detokenize(vocab, tokens.data(), static_cast<std::int32_t>(tokens.size()), text.data(),
                            static_cast<std::int32_t>(text.size()), false, false);
  };
  std::int32_t length = run();
  if (length < 0) {
    text.resize(static_cast<std::size_t>(-length));
    length = run();
  }
  text.resize(length < 0 ? 0 : static_cast<std::size_t>(length));
  return text;
}

Tokens random_tokens(const llama_vocab* vocab, std::int64_t count, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  const auto size = static_cast<std::uint64_t>(llama_vocab_n_tokens(vocab));
  Tokens tokens(static_cast<std::size_t>(count));
  for (llama_token& token : tokens) {
    token = static_cast<llama_token>(random() % size);
  }
  if (const llama_token first = llama_vocab_bos(vocab);
      !tokens.empty() && llama_vocab_get_add_bos(vocab) && first != LLAMA_TOKEN_NULL) {
    tokens.front() = first;
  }
  return tokens;
}

}  // namespace mia::worker
