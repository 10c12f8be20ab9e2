// SPDX-License-Identifier: MIT
#include "model/types.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "base/text.h"

namespace mia::model {
namespace {

// id, name, elements per block, bytes per block; ids 4, 5, 31-33 and 36-38 were removed from the format.
constexpr std::array kTypes{
    TensorType{kF32, "F32", 1, 4},       TensorType{kF16, "F16", 1, 2},       TensorType{kQ4_0, "Q4_0", 32, 18},
    TensorType{kQ4_1, "Q4_1", 32, 20},   TensorType{kQ5_0, "Q5_0", 32, 22},   TensorType{kQ5_1, "Q5_1", 32, 24},
    TensorType{kQ8_0, "Q8_0", 32, 34},   TensorType{9, "Q8_1", 32, 36},       TensorType{10, "Q2_K", 256, 84},
    TensorType{11, "Q3_K", 256, 110},    TensorType{kQ4_K, "Q4_K", 256, 144}, TensorType{kQ5_K, "Q5_K", 256, 176},
    TensorType{kQ6_K, "Q6_K", 256, 210}, TensorType{15, "Q8_K", 256, 292},    TensorType{16, "IQ2_XXS", 256, 66},
    TensorType{17, "IQ2_XS", 256, 74},   TensorType{18, "IQ3_XXS", 256, 98},  TensorType{19, "IQ1_S", 256, 50},
    TensorType{20, "IQ4_NL", 32, 18},    TensorType{21, "IQ3_S", 256, 110},   TensorType{22, "IQ2_S", 256, 82},
    TensorType{23, "IQ4_XS", 256, 136},  TensorType{24, "I8", 1, 1},          TensorType{25, "I16", 1, 2},
    TensorType{26, "I32", 1, 4},         TensorType{27, "I64", 1, 8},         TensorType{28, "F64", 1, 8},
    TensorType{29, "IQ1_M", 256, 56},    TensorType{kBF16, "BF16", 1, 2},     TensorType{34, "TQ1_0", 256, 54},
    TensorType{35, "TQ2_0", 256, 66},    TensorType{kMXFP4, "MXFP4", 32, 17}, TensorType{40, "NVFP4", 64, 36},
    TensorType{41, "Q1_0", 128, 18},     TensorType{42, "Q2_0", 64, 18},
};

// general.file_type, llama.cpp's `llama_ftype`.
constexpr std::array<std::pair<std::int64_t, std::string_view>, 37> kFileTypes{{
    {0, "F32"},     {1, "F16"},        {2, "Q4_0"},     {3, "Q4_1"},    {7, "Q8_0"},    {8, "Q5_0"},    {9, "Q5_1"},
    {10, "Q2_K"},   {11, "Q3_K_S"},    {12, "Q3_K_M"},  {13, "Q3_K_L"}, {14, "Q4_K_S"}, {15, "Q4_K_M"}, {16, "Q5_K_S"},
    {17, "Q5_K_M"}, {18, "Q6_K"},      {19, "IQ2_XXS"}, {20, "IQ2_XS"}, {21, "Q2_K_S"}, {22, "IQ3_XS"}, {23, "IQ3_XXS"},
    {24, "IQ1_S"},  {25, "IQ4_NL"},    {26, "IQ3_S"},   {27, "IQ3_M"},  {28, "IQ2_S"},  {29, "IQ2_M"},  {30, "IQ4_XS"},
    {31, "IQ1_M"},  {32, "BF16"},      {36, "TQ1_0"},   {37, "TQ2_0"},  {38, "MXFP4"},  {39, "NVFP4"},  {40, "Q1_0"},
    {41, "Q2_0"},   {38, "MXFP4_MOE"},
}};

}  // namespace

std::span<const TensorType> tensor_types() {
  return kTypes;
}

const TensorType* find_type(std::uint32_t id) {
  const auto* const found = std::find_if(kTypes.begin(), kTypes.end(), [&](const TensorType& t) { return t.id == id; });
  return found == kTypes.end() ? nullptr : found;
}

std::optional<std::int64_t> row_bytes(const TensorType& type, std::int64_t elements) {
  if (elements < 0 || elements % type.block != 0) {
    return std::nullopt;
  }
  std::int64_t bytes = 0;
  if (__builtin_mul_overflow(elements / type.block, type.block_bytes, &bytes)) {
    return std::nullopt;
  }
  return bytes;
}

std::optional<std::string_view> file_type_name(std::int64_t file_type) {
  for (const auto& [id, name] : kFileTypes) {
    if (id == file_type) {
      return name;
    }
  }
  return std::nullopt;
}

}  // namespace mia::model
