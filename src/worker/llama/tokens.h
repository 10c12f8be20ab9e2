// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <llama.h>

#include "base/result.h"

namespace mia::worker {

using Tokens = std::vector<llama_token>;

// With the beginning and end tokens that the model wants. `special`: markers such as <|im_start|> in the text are
// tokens, not text. Error kind unsupported for a model without vocabulary or a text over 2 GiB.
[[nodiscard]] Result<Tokens> tokenize(const llama_vocab* vocab, std::string_view text, bool special);

// Invalid UTF-8 may come out where a character spans tokens that are not all there.
[[nodiscard]] std::string detokenize(const llama_vocab* vocab, std::span<const llama_token> tokens);

// llama-bench's input: random tokens of the whole vocabulary, the first one the model's beginning token if it wants
// one.
[[nodiscard]] Tokens random_tokens(const llama_vocab* vocab, std::int64_t count, std::uint64_t seed);

}  // namespace mia::worker
