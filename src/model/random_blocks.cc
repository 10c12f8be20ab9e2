// SPDX-License-Identifier: MIT
// The layouts of blocks are facts of the format: ggml's src/ggml-common.h, and `gguf.quants` of the Python package
// gguf.
#include "model/random_blocks.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include "model/types.h"

namespace mia::model {
namespace {

constexpr std::uint32_t kQ2_K = 10;
constexpr std::uint32_t kQ3_K = 11;
constexpr std::uint32_t kIQ4_NL = 20;
constexpr std::uint32_t kIQ4_XS = 23;

// SplitMix64 (Steele, Lea, Flood 2014) as a function of a counter: no chain from one word to the next, so that a core
// makes several GB a second.
std::uint64_t random_word(std::uint64_t key, std::uint64_t index) {
  std::uint64_t z = key + (index + 1) * 0x9e3779b97f4a7c15ULL;
  z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27U)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31U);
}

// Each 64 bit word is `word(random)`.
template <class Word>
void fill_words(std::uint64_t key, std::span<std::byte> out, Word word) {
  const std::size_t words = out.size() / 8;
  for (std::size_t i = 0; i < words; ++i) {
    const std::uint64_t value = word(random_word(key, i));
    std::memcpy(out.data() + i * 8, &value, 8);
  }
  if (const std::size_t rest = out.size() % 8; rest > 0) {
    const std::uint64_t value = word(random_word(key, words));
    std::memcpy(out.data() + words * 8, &value, rest);
  }
}

// A floating point format whose elements, `lanes` to a word, get a random sign, a random mantissa and one of two
// neighbouring exponents: magnitudes spread over two octaves, root mean square 2.4 times the lower power of two.
struct FloatFormat {
  unsigned bits;
  unsigned mantissa;
  int bias;
};

void fill_floats(FloatFormat format, double spread, std::uint64_t key, std::span<std::byte> out) {
  constexpr double kRootMeanSquare = 2.415;
  const int largest = 2 * format.bias - 1;
  const int exponent =
      std::clamp(static_cast<int>(std::lround(std::log2(spread / kRootMeanSquare))) + format.bias, 1, largest);
  const std::uint64_t sign = std::uint64_t{1} << (format.bits - 1);
  const std::uint64_t element = sign | ((std::uint64_t{1} << (format.mantissa + 1)) - 1);
  const std::uint64_t base = static_cast<std::uint64_t>(exponent) << format.mantissa;
  std::uint64_t mask = 0;
  std::uint64_t added = 0;
  for (unsigned at = 0; at < 64; at += format.bits) {
    mask |= element << at;
    added |= base << at;
  }
  fill_words(key, out, [mask, added](std::uint64_t random) { return (random & mask) + added; });
}

// Bits of the positive half-precision number nearest to `value`, the last five mantissa bits zero, so that its products
// with 1.5, 7.5 and 15.5 are exact.
std::uint16_t coarse_half(double value) {
  constexpr double kLeastNormal = 6.103515625e-05;
  constexpr std::uint32_t kCoarse = 0xffe0;
  std::uint32_t bits = 0;
  if (value < kLeastNormal) {
    bits = static_cast<std::uint32_t>(std::lround(std::ldexp(value, 24)));
  } else {
    int exponent = 0;
    const double fraction = std::frexp(std::min(value, 60000.0), &exponent);  // in [0.5, 1)
    const auto mantissa = static_cast<std::uint32_t>(std::lround(std::ldexp(fraction, 11))) - 1024U;
    bits = (static_cast<std::uint32_t>(exponent + 14) << 10U) + mantissa;
  }
  return static_cast<std::uint16_t>(bits >= 32 ? bits & kCoarse : bits);
}

double half_value(std::uint16_t bits) {
  const int exponent = bits >> 10U;
  const int mantissa = bits & 0x3ffU;
  return exponent == 0 ? std::ldexp(mantissa, -24) : std::ldexp(1024 + mantissa, exponent - 25);
}

// `factor` times a coarse half, itself a half.
std::uint16_t scaled_half(std::uint16_t bits, double factor) {
  const double value = half_value(bits) * factor;
  int exponent = 0;
  const double fraction = std::frexp(value, &exponent);
  if (exponent < -13) {
    return static_cast<std::uint16_t>(std::lround(std::ldexp(value, 24)));
  }
  return static_cast<std::uint16_t>(((static_cast<std::uint32_t>(exponent + 14) << 10U) +
                                     static_cast<std::uint32_t>(std::lround(std::ldexp(fraction, 11)))) -
                                    1024U);
}

// How the scales of one block type are set. Block sizes are those of types.h.
struct BlockFormat {
  std::uint32_t type;
  double unit;             // root mean square of the weights of random bits at scale 1
  std::size_t scale;       // offset of the half that scales the block
  std::ptrdiff_t minimum;  // offset of the half that shifts it, -1: none
  double ratio;            // minimum : scale that makes the mean zero
  bool minimum_negative;   // the minimum is added, not subtracted
  bool either_sign;        // the bits alone have a small mean; scales of both signs cancel it
};

// unit: sqrt((n^2 - 1) / 12) for n equally likely neighbouring values; with random sub-block scales times their own.
constexpr std::array kFormats{
    BlockFormat{kQ4_0, 4.64, 0, -1, 0, false, true},     BlockFormat{kQ4_1, 4.61, 0, 2, 7.5, true, false},
    BlockFormat{kQ5_0, 9.25, 0, -1, 0, false, true},     BlockFormat{kQ5_1, 9.23, 0, 2, 15.5, true, false},
    BlockFormat{kQ8_0, 73.9, 0, -1, 0, false, true},     BlockFormat{kQ2_K, 9.84, 80, 82, 1.5, false, false},
    BlockFormat{kQ3_K, 43.3, 108, -1, 0, false, true},   BlockFormat{kQ4_K, 223, 0, 2, 7.5, false, false},
    BlockFormat{kQ5_K, 446.8, 0, 2, 15.5, false, false}, BlockFormat{kQ6_K, 1366, 208, -1, 0, false, true},
    BlockFormat{kIQ4_NL, 66.5, 0, -1, 0, false, true},   BlockFormat{kIQ4_XS, 1229, 0, -1, 0, false, true},
};

const BlockFormat* find_format(std::uint32_t type) {
  const auto* const found =
      std::find_if(kFormats.begin(), kFormats.end(), [&](const BlockFormat& f) { return f.type == type; });
  return found == kFormats.end() ? nullptr : found;
}

constexpr std::size_t kChoices = 8;

// Q4_K and Q5_K pack eight scales and eight minimums of six bits into bytes 4 to 15. Equal pairs cancel the mean of
// each sub-block; scales of 32 to 63 keep all sub-blocks alive.
void pair_k_scales(std::byte* block) {
  constexpr std::byte kHighBits{0xa0};
  for (std::size_t i = 4; i < 8; ++i) {
    block[i] |= kHighBits;
    block[i + 4] = block[i];
  }
  for (std::size_t i = 12; i < 16; ++i) {
    const std::byte low = block[i] & std::byte{0x0f};
    block[i] = low | (low << 4U);
  }
}

// Q2_K: sixteen bytes of a four bit scale and a four bit minimum.
void pair_q2_scales(std::byte* block) {
  for (std::size_t i = 0; i < 16; ++i) {
    const std::byte low = block[i] & std::byte{0x0f};
    block[i] = low | (low << 4U);
  }
}

void fix_blocks(const BlockFormat& format, double spread, std::size_t block_bytes, std::span<std::byte> out) {
  constexpr std::array<double, kChoices> kFactors{0.75, 0.9, 1, 1.25, 0.75, 0.9, 1, 1.25};
  constexpr std::uint16_t kSign = 0x8000;
  std::array<std::uint16_t, kChoices> scales{};
  std::array<std::uint16_t, kChoices> minimums{};
  for (std::size_t i = 0; i < kChoices; ++i) {
    scales[i] = coarse_half(spread / format.unit * kFactors[i]);
    minimums[i] = scaled_half(scales[i], format.ratio);
    if (format.minimum_negative) {
      minimums[i] = minimums[i] | kSign;
    }
    if (format.either_sign && i >= kChoices / 2) {
      scales[i] = scales[i] | kSign;
    }
  }
  const bool six_bit_scales = format.type == kQ4_K || format.type == kQ5_K;
  for (std::size_t at = 0; at < out.size(); at += block_bytes) {
    std::byte* const block = out.data() + at;
    const auto choice = static_cast<std::size_t>(block[format.scale]) % kChoices;
    std::memcpy(block + format.scale, &scales[choice], 2);
    if (format.minimum >= 0) {
      std::memcpy(block + format.minimum, &minimums[choice], 2);
    }
    if (six_bit_scales) {
      pair_k_scales(block);
    } else if (format.type == kQ2_K) {
      pair_q2_scales(block);
    }
  }
}

// MXFP4: one byte of exponent before 16 bytes of signed four bit numbers.
void fix_mxfp4(double spread, std::span<std::byte> out) {
  constexpr double kUnit = 2.93;
  constexpr std::size_t kBlockBytes = 17;
  constexpr std::array<int, kChoices> kSteps{0, 0, 0, 1, 0, 0, 0, -1};
  const int middle = std::clamp(static_cast<int>(std::lround(std::log2(spread / kUnit))) + 127, 2, 250);
  for (std::size_t at = 0; at < out.size(); at += kBlockBytes) {
    const auto choice = static_cast<std::size_t>(out[at]) % kChoices;
    out[at] = static_cast<std::byte>(middle + kSteps[choice]);
  }
}

std::size_t block_bytes_of(std::uint32_t type) {
  return static_cast<std::size_t>(find_type(type)->block_bytes);
}

}  // namespace

bool can_fill(std::uint32_t type) {
  return type == kF32 || type == kF16 || type == kBF16 || type == kMXFP4 || find_format(type) != nullptr;
}

void fill_random(std::uint32_t type, double spread, std::uint64_t key, std::span<std::byte> out) {
  switch (type) {
    case kF32:
      return fill_floats({32, 23, 127}, spread, key, out);
    case kF16:
      return fill_floats({16, 10, 15}, spread, key, out);
    case kBF16:
      return fill_floats({16, 7, 127}, spread, key, out);
    default:
      break;
  }
  fill_words(key, out, [](std::uint64_t random) { return random; });
  if (type == kMXFP4) {
    fix_mxfp4(spread, out);
  } else if (const BlockFormat* const format = find_format(type)) {
    fix_blocks(*format, spread, block_bytes_of(type), out);
  }
}

void fill_ones(std::uint32_t type, std::span<std::byte> out) {
  constexpr std::uint64_t kF32Ones = 0x3f8000003f800000ULL;
  constexpr std::uint64_t kF16Ones = 0x3c003c003c003c00ULL;
  constexpr std::uint64_t kBF16Ones = 0x3f803f803f803f80ULL;
  const std::uint64_t ones = type == kF32 ? kF32Ones : (type == kF16 ? kF16Ones : kBF16Ones);
  fill_words(0, out, [ones](std::uint64_t) { return ones; });
}

}  // namespace mia::model
