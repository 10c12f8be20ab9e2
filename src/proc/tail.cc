// SPDX-License-Identifier: MIT
#include "proc/tail.h"

#include <algorithm>

namespace mia::proc {

void Tail::append(std::string_view data) {
  total_ += static_cast<std::int64_t>(data.size());
  if (data.size() >= limit_) {
    kept_.assign(data.substr(data.size() - limit_));
    return;
  }
  kept_.append(data);
  if (kept_.size() > 2 * limit_) {
    kept_.erase(0, kept_.size() - limit_);
  }
}

std::string Tail::text() const {
  std::string_view text = kept_;
  if (text.size() > limit_) {
    text.remove_prefix(text.size() - limit_);
  }
  if (static_cast<std::int64_t>(text.size()) < total_) {
    const std::size_t newline = text.find('\n');
    text.remove_prefix(newline + 1 < text.size() ? newline + 1 : 0);  // npos + 1 is 0: no line starts here
  }
  return std::string(text);
}

void LineBuffer::append(std::string_view data) {
  if (dropping_) {
    const std::size_t newline = data.find('\n');
    if (newline == std::string_view::npos) {
      return;
    }
    data.remove_prefix(newline + 1);
    dropping_ = false;
  }
  data_.append(data);
}

bool LineBuffer::ready() {
  const std::size_t newline = data_.find('\n', scanned_);
  scanned_ = newline == std::string::npos ? data_.size() : newline;
  return newline != std::string::npos || data_.size() - begin_ > limit_;
}

std::optional<LineBuffer::Item> LineBuffer::next() {
  if (!ready()) {
    return std::nullopt;
  }
  const std::size_t length = scanned_ - begin_;
  const bool whole = scanned_ < data_.size();
  Item item{length > limit_, {}};
  if (!item.too_long) {
    item.line = data_.substr(begin_, length);
  }
  dropping_ = !whole;
  forget(whole ? length + 1 : length);
  return item;
}

std::string LineBuffer::take_rest() {
  std::string rest = data_.substr(begin_);
  forget(rest.size());
  return rest;
}

// Moving the rest to the front only when most of the memory is used up keeps many short lines linear.
void LineBuffer::forget(std::size_t bytes) {
  begin_ += bytes;
  if (begin_ == data_.size() && data_.capacity() > limit_) {
    data_ = std::string();
    begin_ = 0;
  } else if (begin_ > data_.size() / 2) {
    data_.erase(0, begin_);
    begin_ = 0;
  }
  scanned_ = begin_;
}

}  // namespace mia::proc
