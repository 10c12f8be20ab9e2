// SPDX-License-Identifier: MIT
// Of the host room only: anonymous memory for reading tests.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

namespace mia::host {

// Untouched, page-aligned memory in huge pages where the kernel gives them; empty when it cannot be had.
class Pages {
 public:
  explicit Pages(std::int64_t bytes);
  Pages(Pages&& other) noexcept : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  Pages(const Pages&) = delete;
  Pages& operator=(const Pages&) = delete;
  Pages& operator=(Pages&&) = delete;
  ~Pages();

  [[nodiscard]] std::byte* data() const { return data_; }
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace mia::host
