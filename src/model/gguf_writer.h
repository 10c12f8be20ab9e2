// SPDX-License-Identifier: MIT
// Private to the room: the bytes of a GGUF 3 header.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "model/gguf.h"

namespace mia::model {

class GgufWriter {
 public:
  void text(std::string_view key, std::string_view value);
  void u32(std::string_view key, std::int64_t value);
  void u64(std::string_view key, std::uint64_t value);
  void f32(std::string_view key, double value);
  void boolean(std::string_view key, bool value);
  void texts(std::string_view key, const std::vector<std::string>& values);
  void i32s(std::string_view key, const std::vector<std::int32_t>& values);
  // A whole entry, key included, as it stands in another file.
  void raw(std::string_view entry);

  // `offset` is relative to the data, which begins at the end of header().
  void tensor(std::string_view name, const std::vector<std::int64_t>& shape, std::uint32_t type, std::int64_t offset);

  // Padded to `alignment`.
  [[nodiscard]] std::string header(std::int64_t alignment) const;

 private:
  void key(std::string_view key, GgufType type);
  std::string metadata_;
  std::string tensors_;
  std::uint64_t entries_ = 0;
  std::uint64_t count_ = 0;
};

}  // namespace mia::model
