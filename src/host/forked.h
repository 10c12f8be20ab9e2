// SPDX-License-Identifier: MIT
// Of the host room only: work that needs much memory, done in a forked process, so that the program itself stays small
// and leaves the machine's memory to what it measures.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>

#include "host/fd.h"
#include "host/stop.h"

namespace mia::host {

class Forked {
 public:
  // `serve` runs in the child with its end of a socket; when it returns the child is gone without cleaning up. nullopt
  // when there can be no process. Call it before the program has threads.
  [[nodiscard]] static std::optional<Forked> start(const std::function<void(int socket)>& serve);
  Forked(Forked&& other) noexcept : socket_(std::move(other.socket_)), pid_(std::exchange(other.pid_, -1)) {}
  Forked(const Forked&) = delete;
  Forked& operator=(const Forked&) = delete;
  Forked& operator=(Forked&&) = delete;
  // Ends the child, whatever it does: it owns nothing but its memory.
  ~Forked();
  [[nodiscard]] int socket() const { return socket_.get(); }

 private:
  Forked(int socket, int pid) : socket_(socket), pid_(pid) {}
  Fd socket_;
  int pid_;
};

// Whole or not at all: false at the end of the other side, or soon after `stop` says so.
[[nodiscard]] bool send_all(int socket, std::span<const std::byte> bytes);
[[nodiscard]] bool receive_all(int socket, std::span<std::byte> bytes, const Stop& stop = {});

template <class T>
[[nodiscard]] bool send_value(int socket, const T& value) {
  static_assert(std::is_trivially_copyable_v<T>);
  return send_all(socket, std::as_bytes(std::span(&value, 1)));
}
template <class T>
[[nodiscard]] std::optional<T> receive_value(int socket, const Stop& stop = {}) {
  static_assert(std::is_trivially_copyable_v<T>);
  T value{};
  return receive_all(socket, std::as_writable_bytes(std::span(&value, 1)), stop) ? std::optional(value) : std::nullopt;
}

}  // namespace mia::host
