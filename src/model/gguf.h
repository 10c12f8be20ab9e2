// SPDX-License-Identifier: MIT
// A bounded and total reader of GGUF headers (versions 2 and 3, little endian). Any file gives a value or an Error that
// names the file, what is wrong and the byte offset. Tensor data is never read. Memory stays far under kMaxKeptBytes *
// 4 whatever the file claims: counts are checked against the bytes that are left before anything is allocated.
// Format: ggml's public description, docs/gguf.md in github.com/ggml-org/ggml.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"

namespace mia::model {

inline constexpr std::int64_t kMaxHeaderBytes = std::int64_t{256} << 20;  // a real header has 1 to 30 MB
inline constexpr std::int64_t kMaxKeptBytes = std::int64_t{32} << 20;     // strings and elements kept in memory
inline constexpr std::int64_t kMaxTensors = 100'000;
inline constexpr std::int64_t kMaxMetadata = 100'000;
inline constexpr std::int64_t kMaxNameBytes = 1024;
inline constexpr std::int64_t kMaxStringKept = 1 << 20;  // longer text values are cut; their hash is of all
inline constexpr std::int64_t kMaxElementsKept = 1024;   // of a numeric array; 16 of a text array

enum class GgufType : std::uint32_t {
  u8 = 0,
  i8 = 1,
  u16 = 2,
  i16 = 3,
  u32 = 4,
  i32 = 5,
  f32 = 6,
  boolean = 7,
  text = 8,
  array = 9,
  u64 = 10,
  i64 = 11,
  f64 = 12,
};

// Arrays (vocabularies, per-layer values) are known by type, count and hash; only their beginning is kept.
struct GgufArray {
  GgufType type = GgufType::u8;
  std::int64_t count = 0;
  std::string hash;                // of all elements as they stand in the file
  std::vector<double> numbers;     // first elements, numeric and boolean types
  std::vector<std::string> texts;  // first elements, text
};

using GgufValue = std::variant<bool, std::int64_t, std::uint64_t, double, std::string, GgufArray>;

struct GgufEntry {
  std::string key;
  GgufType type = GgufType::u8;
  GgufValue value;
  std::int64_t offset = 0;  // of the entry (its key) in the file
  std::int64_t bytes = 0;   // of the whole entry
};

struct GgufTensor {
  std::string name;
  std::vector<std::int64_t> shape;  // ne[0] (row length) first
  std::uint32_t type = 0;           // types.h
  std::int64_t offset = 0;          // from GgufFile::data_offset
  std::int64_t bytes = 0;

  [[nodiscard]] std::int64_t elements() const;
};

struct GgufFile {
  std::uint32_t version = 3;
  std::int64_t alignment = 32;
  std::int64_t data_offset = 0;
  std::int64_t file_bytes = 0;
  std::string header_hash;  // of every header byte and the file's size
  std::vector<GgufEntry> metadata;
  std::vector<GgufTensor> tensors;

  // Lookups give nullopt/nullptr where the key is absent or of another type. Integers of any width are one type.
  [[nodiscard]] const GgufEntry* find(std::string_view key) const;
  [[nodiscard]] std::optional<std::int64_t> get_int(std::string_view key) const;
  [[nodiscard]] std::optional<double> get_double(std::string_view key) const;  // integers too
  [[nodiscard]] std::optional<bool> get_bool(std::string_view key) const;
  [[nodiscard]] std::optional<std::string> get_string(std::string_view key) const;
  [[nodiscard]] const GgufArray* get_array(std::string_view key) const;
  [[nodiscard]] const GgufTensor* find_tensor(std::string_view name) const;
};

[[nodiscard]] Result<GgufFile> read_gguf(const std::filesystem::path& path);

// A header that lies in memory; `file_bytes` is the size of the whole file (default: bytes.size()), `name` is for
// errors.
[[nodiscard]] Result<GgufFile> parse_gguf(std::span<const std::byte> bytes, std::string_view name,
                                          std::optional<std::int64_t> file_bytes = std::nullopt);

}  // namespace mia::model
