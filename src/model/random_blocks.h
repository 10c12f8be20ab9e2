// SPDX-License-Identifier: MIT
// Private to the room: random weights in the block formats of ggml.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace mia::model {

// Whether fill_random() knows the type.
[[nodiscard]] bool can_fill(std::uint32_t type);

// Fills whole blocks of `type` with weights that are finite, have mean zero and a root mean square of `spread` within a
// factor of two. The packed bits are random; the scales of a block are one of eight near the right size, and minimums
// are set so that they cancel the mean of the bits: a mean that is not zero would grow from layer to layer and send
// every token to the same experts. Equal `key`: equal bytes.
void fill_random(std::uint32_t type, double spread, std::uint64_t key, std::span<std::byte> out);

// Every element 1.0. F32, F16 and BF16 only.
void fill_ones(std::uint32_t type, std::span<std::byte> out);

}  // namespace mia::model
