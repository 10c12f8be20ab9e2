// SPDX-License-Identifier: MIT
#include "worker/server/events.h"

#include <utility>

namespace mia::worker {

bool EventReader::append(std::string_view bytes) {
  while (!bytes.empty()) {
    if (std::exchange(after_return_, false) && bytes.front() == '\n') {
      bytes.remove_prefix(1);
      continue;
    }
    const std::size_t end = bytes.find_first_of("\r\n");
    const std::string_view piece = bytes.substr(0, end);
    if (line_.size() + data_.size() + piece.size() > limit_) {
      return false;
    }
    line_ += piece;
    if (end == std::string_view::npos) {
      return true;
    }
    after_return_ = bytes[end] == '\r';
    end_line();
    bytes.remove_prefix(end + 1);
  }
  return true;
}

std::vector<std::string> EventReader::take() {
  return std::exchange(events_, {});
}

// llama.cpp's servers of 2024 sent errors in a field of their own name.
void EventReader::end_line() {
  std::string_view line = line_;
  if (framing_ == Framing::lines) {
    if (!line.empty()) {
      events_.push_back(std::exchange(line_, {}));
    }
    return;
  }
  if (line.empty()) {
    if (!data_.empty()) {
      data_.pop_back();
      events_.push_back(std::exchange(data_, {}));
    }
    return;
  }
  for (const std::string_view field : {"data:", "error:"}) {
    if (line.starts_with(field)) {
      line.remove_prefix(field.size());
      line.remove_prefix(line.starts_with(' ') ? 1 : 0);
      data_.append(line).push_back('\n');
      break;
    }
  }
  line_.clear();
}

}  // namespace mia::worker
