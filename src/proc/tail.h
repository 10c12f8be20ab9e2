// SPDX-License-Identifier: MIT
// Bounded memory for unbounded streams: the end of one, and the lines of one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mia::proc {

// The last `limit` bytes of a stream; holds at most twice as many.
class Tail {
 public:
  explicit Tail(std::size_t limit) : limit_(limit) {}
  void append(std::string_view data);
  // Cut at the start of a line if something was lost before it.
  [[nodiscard]] std::string text() const;
  [[nodiscard]] std::int64_t total() const { return total_; }

 private:
  std::size_t limit_;
  std::int64_t total_ = 0;
  std::string kept_;
};

// Lines out of pieces; a line longer than `limit` is dropped and reported once.
class LineBuffer {
 public:
  struct Item {
    bool too_long = false;
    std::string line;
  };
  explicit LineBuffer(std::size_t limit) : limit_(limit) {}
  void append(std::string_view data);
  // The next whole line, or the news that one is too long (told as soon as it is known).
  [[nodiscard]] std::optional<Item> next();
  // True if next() has something to give.
  [[nodiscard]] bool ready();
  // Whether more should be read: false while a limit's worth of bytes waits.
  [[nodiscard]] bool has_room() const { return data_.size() - begin_ <= limit_; }
  // What is left without a newline.
  [[nodiscard]] std::string take_rest();

 private:
  void forget(std::size_t bytes);
  std::size_t limit_;
  std::string data_;
  std::size_t begin_ = 0;    // of the first byte not yet given
  std::size_t scanned_ = 0;  // no newline in [begin_, scanned_)
  bool dropping_ = false;    // inside a line that was reported as too long
};

}  // namespace mia::proc
