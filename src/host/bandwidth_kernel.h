// SPDX-License-Identifier: MIT
// Of the host room only: loops that read memory as fast as one thread can.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace mia::host {

// The kernels take whole blocks of this many bytes, aligned to 64.
inline constexpr std::size_t kReadBlock = 512;

struct ReadKernel {
  std::string_view name;
  // XOR of all 64-bit words: a result that needs every byte, so that no load can be left out.
  std::uint64_t (*read)(const std::byte* data, std::size_t bytes);
};

// Those that this CPU can run, the widest first; "plain" is always the last.
[[nodiscard]] std::span<const ReadKernel> read_kernels();

}  // namespace mia::host
