// SPDX-License-Identifier: MIT
// The program is built for the oldest CPU of its architecture, so wider loops are compiled by target attribute and
// chosen at run time. Four streams through the buffer keep four prefetchers busy, two accumulators each break the chain
// of dependent operations: on an EPYC 9004 guest this reads 5 to 20 % faster than one stream.
#include "host/bandwidth_kernel.h"

#include <array>
#include <vector>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace mia::host {
namespace {

constexpr std::size_t kStreams = 4;
constexpr std::size_t kDepth = 2;  // loads in a row in each stream
constexpr std::size_t kSums = kStreams * kDepth;

std::uint64_t read_plain(const std::byte* data, std::size_t bytes) {
  std::array<std::uint64_t, kSums> sums{};
  const auto* const words = reinterpret_cast<const std::uint64_t*>(data);
  const std::size_t stream_words = bytes / kStreams / sizeof(std::uint64_t);
  for (std::size_t i = 0; i < stream_words; i += kDepth) {
    for (std::size_t sum = 0; sum < kSums; ++sum) {
      sums[sum] ^= words[sum / kDepth * stream_words + i + sum % kDepth];
    }
  }
  std::uint64_t all = 0;
  for (const std::uint64_t sum : sums) {
    all ^= sum;
  }
  return all;
}

#if defined(__x86_64__)

template <class Words>
std::uint64_t fold(const Words& words) {
  std::uint64_t all = 0;
  for (const std::uint64_t word : words) {
    all ^= word;
  }
  return all;
}

// std::array's operator[] is not compiled for these targets and would be called, not inlined: hence plain arrays.
__attribute__((target("avx2"))) std::uint64_t read_avx2(const std::byte* data, std::size_t bytes) {
  constexpr std::size_t kWidth = sizeof(__m256i);
  const std::size_t stream_bytes = bytes / kStreams;
  __m256i sums[kSums] = {};
  for (std::size_t i = 0; i < stream_bytes; i += kDepth * kWidth) {
    for (std::size_t sum = 0; sum < kSums; ++sum) {
      const std::byte* const from = data + sum / kDepth * stream_bytes + i + sum % kDepth * kWidth;
      sums[sum] = _mm256_xor_si256(sums[sum], _mm256_load_si256(reinterpret_cast<const __m256i*>(from)));
    }
  }
  alignas(kWidth) std::array<std::uint64_t, kSums * 4> words{};
  for (std::size_t sum = 0; sum < kSums; ++sum) {
    _mm256_store_si256(reinterpret_cast<__m256i*>(words.data() + sum * 4), sums[sum]);
  }
  return fold(words);
}

__attribute__((target("avx512f"))) std::uint64_t read_avx512(const std::byte* data, std::size_t bytes) {
  constexpr std::size_t kWidth = sizeof(__m512i);
  const std::size_t stream_bytes = bytes / kStreams;
  __m512i sums[kSums] = {};
  for (std::size_t i = 0; i < stream_bytes; i += kDepth * kWidth) {
    for (std::size_t sum = 0; sum < kSums; ++sum) {
      const std::byte* const from = data + sum / kDepth * stream_bytes + i + sum % kDepth * kWidth;
      sums[sum] = _mm512_xor_si512(sums[sum], _mm512_load_si512(from));
    }
  }
  alignas(kWidth) std::array<std::uint64_t, kSums * 8> words{};
  for (std::size_t sum = 0; sum < kSums; ++sum) {
    _mm512_store_si512(words.data() + sum * 8, sums[sum]);
  }
  return fold(words);
}

#endif

std::vector<ReadKernel> runnable() {
  std::vector<ReadKernel> kernels;
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f")) {
    kernels.push_back({"avx512", read_avx512});
  }
  if (__builtin_cpu_supports("avx2")) {
    kernels.push_back({"avx2", read_avx2});
  }
#endif
  kernels.push_back({"plain", read_plain});
  return kernels;
}

}  // namespace

std::span<const ReadKernel> read_kernels() {
  static const std::vector<ReadKernel> kernels = runnable();
  return kernels;
}

}  // namespace mia::host
