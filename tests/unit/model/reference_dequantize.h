// SPDX-License-Identifier: MIT
// Weights out of ggml's blocks, written from the description of the formats alone: slow, plain, and independent of the
// code that fills blocks.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

namespace mia::model::test {

class BlockReader {
 public:
  explicit BlockReader(std::span<const std::byte> block) : block_(block) {}
  [[nodiscard]] int u8(std::size_t at) const { return static_cast<int>(block_[at]); }
  [[nodiscard]] int i8(std::size_t at) const { return static_cast<std::int8_t>(block_[at]); }
  [[nodiscard]] int nibble(std::size_t at, bool high) const { return high ? u8(at) >> 4 : u8(at) & 15; }
  [[nodiscard]] int bit(std::size_t at, int index) const {
    return (u8(at + static_cast<std::size_t>(index / 8)) >> (index % 8)) & 1;
  }
  [[nodiscard]] double half(std::size_t at) const {
    const int bits = u8(at) | u8(at + 1) << 8;
    const int exponent = bits >> 10 & 31;
    const int mantissa = bits & 1023;
    double value = exponent == 0 ? std::ldexp(mantissa, -24) : std::ldexp(1024 + mantissa, exponent - 25);
    if (exponent == 31) {
      value = NAN;
    }
    return (bits & 0x8000) != 0 ? -value : value;
  }

 private:
  std::span<const std::byte> block_;
};

// Scale (or, with `minimum`, minimum) of one of the 8 sub-blocks of Q4_K and Q5_K, 12 bytes from `at`.
inline int six_bits(const BlockReader& b, std::size_t at, std::size_t j, bool minimum) {
  const std::size_t side = minimum ? 4 : 0;
  if (j < 4) {
    return b.u8(at + j + side) & 63;
  }
  return b.nibble(at + j + 4, minimum) | b.u8(at + j - 4 + side) >> 6 << 4;
}

// One of the 16 scales of Q3_K: six bits, 12 bytes from `at`.
inline int q3_scale(const BlockReader& b, std::size_t at, std::size_t j) {
  const int low = b.nibble(at + j % 8, j >= 8);
  return (low | (b.u8(at + 8 + j % 4) >> (2 * (j / 4)) & 3) << 4) - 32;
}

// The types that llama.cpp's quantizer makes only on demand: Q2_K, Q3_K, IQ4_NL, IQ4_XS.
inline std::vector<double> dequantize_rare(std::uint32_t id, std::span<const std::byte> bytes) {
  constexpr int kNonLinear[] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};
  const BlockReader b(bytes);
  std::vector<double> w;
  if (id == 10 || id == 11) {  // quarters of a half lie in the bit pairs of the same 32 bytes, 16 weights to a scale
    for (std::size_t i = 0; i < 256; ++i) {
      const std::size_t half = i / 128;
      const std::size_t quarter = i % 128 / 32;
      const std::size_t l = i % 32;
      const int q = b.u8((id == 10 ? 16 : 32) + half * 32 + l) >> (2 * quarter) & 3;
      if (id == 10) {
        w.push_back(b.half(80) * (b.u8(i / 16) & 15) * q - b.half(82) * (b.u8(i / 16) >> 4));
      } else {
        const bool high = b.bit(l, static_cast<int>(half * 4 + quarter)) != 0;
        w.push_back(b.half(108) * q3_scale(b, 96, i / 16) * (q - (high ? 0 : 4)));
      }
    }
  } else if (id == 20) {
    for (std::size_t i = 0; i < 32; ++i) {
      w.push_back(b.half(0) * kNonLinear[b.nibble(2 + i % 16, i >= 16)]);
    }
  } else if (id == 23) {
    for (std::size_t i = 0; i < 256; ++i) {
      const std::size_t j = i / 32;
      const int high = (b.u8(2) | b.u8(3) << 8) >> (2 * j) & 3;
      const int scale = (b.nibble(4 + j / 2, j % 2 == 1) | high << 4) - 32;
      w.push_back(b.half(0) * scale * kNonLinear[b.nibble(8 + j * 16 + i % 16, i % 32 >= 16)]);
    }
  }
  return w;
}

// One block of type `id`; empty for a type that is not described here.
inline std::vector<double> dequantize(std::uint32_t id, std::span<const std::byte> bytes) {
  const BlockReader b(bytes);
  std::vector<double> w;
  constexpr double kMxfp4[] = {0, 0.5, 1, 1.5, 2, 3, 4, 6};
  if (id == 0) {
    float value = 0;
    std::memcpy(&value, bytes.data(), 4);
    w.push_back(double{value});
  } else if (id == 1) {
    w.push_back(b.half(0));
  } else if (id == 30) {
    const std::uint32_t bits = static_cast<std::uint32_t>(b.u8(0) | b.u8(1) << 8) << 16U;
    float value = 0;
    std::memcpy(&value, &bits, 4);
    w.push_back(double{value});
  } else if (id == 8) {
    for (std::size_t i = 0; i < 32; ++i) {
      w.push_back(b.half(0) * b.i8(2 + i));
    }
  } else if (id == 2 || id == 3 || id == 6 || id == 7) {  // Q4_0, Q4_1, Q5_0, Q5_1
    const bool has_minimum = id == 3 || id == 7;
    const bool five = id >= 6;
    const std::size_t high = has_minimum ? 4 : 2;
    const std::size_t low = high + (five ? 4 : 0);
    for (std::size_t i = 0; i < 32; ++i) {
      int q = b.nibble(low + i % 16, i >= 16);
      q += five ? b.bit(high, static_cast<int>(i)) * 16 : 0;
      w.push_back(has_minimum ? b.half(0) * q + b.half(2) : b.half(0) * (q - (five ? 16 : 8)));
    }
  } else if (id == 12 || id == 13) {  // Q4_K, Q5_K: d, dmin, 12 scale bytes, [32 high bit bytes], 128 nibble bytes
    const std::size_t low = id == 12 ? 16 : 48;
    for (std::size_t j = 0; j < 8; ++j) {
      const double scale = b.half(0) * six_bits(b, 4, j, false);
      const double minimum = b.half(2) * six_bits(b, 4, j, true);
      for (std::size_t i = 0; i < 32; ++i) {
        int q = b.nibble(low + j / 2 * 32 + i, j % 2 == 1);
        q += id == 13 ? b.bit(16 + i, static_cast<int>(j)) * 16 : 0;
        w.push_back(scale * q - minimum);
      }
    }
  } else if (id == 14) {  // Q6_K: 128 low nibbles, 64 high pairs, 16 scales, d
    for (std::size_t i = 0; i < 256; ++i) {
      const std::size_t half = i / 128;
      const std::size_t quarter = i % 128 / 32;
      const std::size_t l = i % 32;
      const int low = b.nibble(half * 64 + quarter % 2 * 32 + l, quarter >= 2);
      const int high = b.u8(128 + half * 32 + l) >> (2 * quarter) & 3;
      w.push_back(b.half(208) * b.i8(192 + i / 16) * ((low | high << 4) - 32));
    }
  } else if (id == 39) {
    for (std::size_t i = 0; i < 32; ++i) {
      const int q = b.nibble(1 + i % 16, i >= 16);
      w.push_back(std::ldexp(kMxfp4[q & 7], b.u8(0) - 127) * (q >= 8 ? -1 : 1));
    }
  } else {
    return dequantize_rare(id, bytes);
  }
  return w;
}

}  // namespace mia::model::test
