// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "proto/message.h"

namespace mia::proto {

// Cuts a stream of bytes into lines. Never holds more than `limit` bytes of an unfinished line; the owner takes the
// finished ones after each append.
class LineBuffer {
 public:
  explicit LineBuffer(std::size_t limit = kMaxLine) : limit_(limit) {}

  // False once a line has grown over the limit: it and everything after it are dropped, the lines before it can still
  // be taken.
  bool append(std::string_view bytes);
  // The next complete line without its newline.
  [[nodiscard]] std::optional<std::string> take();
  [[nodiscard]] bool overflowed() const { return overflowed_; }
  // What stands after the last newline: at the end of the stream, half a line.
  [[nodiscard]] const std::string& half_line() const { return half_; }

 private:
  std::size_t limit_;
  std::deque<std::string> lines_;
  std::string half_;
  bool overflowed_ = false;
};

}  // namespace mia::proto
