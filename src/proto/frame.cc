// SPDX-License-Identifier: MIT
#include "proto/frame.h"

#include <algorithm>
#include <utility>

namespace mia::proto {

bool LineBuffer::append(std::string_view bytes) {
  while (!bytes.empty() && !overflowed_) {
    const std::size_t newline = bytes.find('\n');
    const std::size_t length = std::min(newline, bytes.size());
    if (length > limit_ - half_.size()) {
      overflowed_ = true;
      std::string().swap(half_);
      break;
    }
    half_ += bytes.substr(0, length);
    bytes.remove_prefix(length);
    if (newline != std::string_view::npos) {
      lines_.push_back(std::exchange(half_, {}));
      bytes.remove_prefix(1);
    }
  }
  return !overflowed_;
}

std::optional<std::string> LineBuffer::take() {
  if (lines_.empty()) {
    return std::nullopt;
  }
  std::string line = std::move(lines_.front());
  lines_.pop_front();
  return line;
}

}  // namespace mia::proto
