// SPDX-License-Identifier: MIT
// Private to the room: reading a header from front to back, buffered, never past the bytes there are.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace mia::model {

// Streaming XXH3-64.
class Hasher {
 public:
  Hasher();
  ~Hasher();
  Hasher(const Hasher&) = delete;
  Hasher& operator=(const Hasher&) = delete;
  void reset();
  void add(std::span<const std::byte> bytes);
  [[nodiscard]] std::string hex() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

class ByteSource {
 public:
  virtual ~ByteSource() = default;
  [[nodiscard]] virtual std::int64_t size() const = 0;
  // Fills `out` from `offset`; gives the bytes read, fewer only at the end of the data.
  [[nodiscard]] virtual Result<std::size_t> read_at(std::int64_t offset, std::span<std::byte> out) = 0;
};

class Cursor {
 public:
  // `limit`: no byte at or behind it is read; `name` is the file's name in errors.
  Cursor(ByteSource& source, std::string name, std::int64_t limit);

  [[nodiscard]] std::int64_t position() const { return position_; }
  [[nodiscard]] std::int64_t left() const;

  [[nodiscard]] Status read(std::span<std::byte> out, std::string_view what);
  [[nodiscard]] Status skip(std::int64_t bytes, std::string_view what);
  [[nodiscard]] Result<std::uint32_t> u32(std::string_view what);
  [[nodiscard]] Result<std::uint64_t> u64(std::string_view what);
  // A length-prefixed text; at most `keep` bytes of it are returned, all of it is read.
  [[nodiscard]] Result<std::string> text(std::int64_t keep, std::string_view what);

  // Hash of every byte read between the two calls.
  void begin_hash() { inner_.reset(), inner_active_ = true; }
  [[nodiscard]] std::string end_hash();
  [[nodiscard]] std::string header_hash() const { return outer_.hex(); }

  // "'name' at byte 123: " + text.
  [[nodiscard]] Failure broken(std::string_view text) const { return broken_at(position_, text); }
  [[nodiscard]] Failure broken_at(std::int64_t offset, std::string_view text) const;
  // Error unless `count` items of at least `size` bytes can still follow.
  [[nodiscard]] Status require(std::uint64_t count, std::int64_t size, std::string_view what) const;

 private:
  [[nodiscard]] Status fill();
  template <class Take>
  [[nodiscard]] Status take(std::int64_t bytes, std::string_view what, Take take);

  ByteSource& source_;
  std::string name_;
  std::int64_t limit_;
  std::int64_t position_ = 0;
  std::vector<std::byte> buffer_;
  std::size_t used_ = 0;   // bytes of buffer_ already taken
  std::size_t valid_ = 0;  // bytes of buffer_ that hold data
  Hasher outer_;
  Hasher inner_;
  bool inner_active_ = false;
};

}  // namespace mia::model
