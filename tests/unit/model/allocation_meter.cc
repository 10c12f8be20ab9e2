// SPDX-License-Identifier: MIT
#include "allocation_meter.h"

#include <malloc.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <new>

namespace {
std::atomic<std::size_t> held{0};
std::atomic<std::size_t> peak{0};
std::atomic<std::size_t> floor_bytes{0};

void* take_if_any(std::size_t bytes) noexcept {
  void* const memory = std::malloc(std::max<std::size_t>(bytes, 1));
  if (memory == nullptr) {
    return nullptr;
  }
  const std::size_t now = held += ::malloc_usable_size(memory);
  peak = std::max(peak.load(), now);
  return memory;
}

void* take(std::size_t bytes) {
  void* const memory = take_if_any(bytes);
  if (memory == nullptr) {
    throw std::bad_alloc();
  }
  return memory;
}

void give(void* memory) {
  if (memory != nullptr) {
    held -= ::malloc_usable_size(memory);
    std::free(memory);
  }
}
}  // namespace

void* operator new(std::size_t bytes) {
  return take(bytes);
}
void* operator new[](std::size_t bytes) {
  return take(bytes);
}
void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept {
  return take_if_any(bytes);
}
void* operator new[](std::size_t bytes, const std::nothrow_t&) noexcept {
  return take_if_any(bytes);
}
void operator delete(void* memory) noexcept {
  give(memory);
}
void operator delete[](void* memory) noexcept {
  give(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  give(memory);
}
void operator delete[](void* memory, std::size_t) noexcept {
  give(memory);
}

namespace mia::model::test {

void reset_peak() {
  floor_bytes = held.load();
  peak = held.load();
}

std::size_t peak_bytes() {
  return peak - floor_bytes;
}

}  // namespace mia::model::test
