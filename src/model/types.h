// SPDX-License-Identifier: MIT
// The tensor types of ggml and the names of whole-file quantizations. Facts of the public format: the GGUF description
// and `GGML_QUANT_SIZES` of the Python package `gguf`.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace mia::model {

struct TensorType {
  std::uint32_t id = 0;
  std::string_view name;         // "Q4_1"
  std::int64_t block = 1;        // elements per block
  std::int64_t block_bytes = 0;  // bytes per block
};

// Ids that the tables below and the writer name.
inline constexpr std::uint32_t kF32 = 0;
inline constexpr std::uint32_t kF16 = 1;
inline constexpr std::uint32_t kQ4_0 = 2;
inline constexpr std::uint32_t kQ4_1 = 3;
inline constexpr std::uint32_t kQ5_0 = 6;
inline constexpr std::uint32_t kQ5_1 = 7;
inline constexpr std::uint32_t kQ8_0 = 8;
inline constexpr std::uint32_t kQ4_K = 12;
inline constexpr std::uint32_t kQ5_K = 13;
inline constexpr std::uint32_t kQ6_K = 14;
inline constexpr std::uint32_t kBF16 = 30;
inline constexpr std::uint32_t kMXFP4 = 39;

[[nodiscard]] std::span<const TensorType> tensor_types();
[[nodiscard]] const TensorType* find_type(std::uint32_t id);  // nullptr: unknown or removed

// Bytes of one row of `elements`; nullopt when it is no whole number of blocks or overflows.
[[nodiscard]] std::optional<std::int64_t> row_bytes(const TensorType& type, std::int64_t elements);

// "Q4_K_M" of general.file_type.
[[nodiscard]] std::optional<std::string_view> file_type_name(std::int64_t file_type);

}  // namespace mia::model
