// SPDX-License-Identifier: MIT
// A stream of events, cut anywhere, to their data. Holds at most `limit` bytes.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace mia::worker {

enum class Framing { events, lines };  // server-sent events; each line one

class EventReader {
 public:
  EventReader(std::size_t limit, Framing framing) : limit_(limit), framing_(framing) {}

  // False once a line or an event has grown over the limit; what came later is dropped.
  [[nodiscard]] bool append(std::string_view bytes);
  // The data of the events that are whole, in order; each once.
  [[nodiscard]] std::vector<std::string> take();
  // Something stands after the last whole event.
  [[nodiscard]] bool is_half() const { return !line_.empty() || !data_.empty(); }

 private:
  void end_line();

  std::size_t limit_;
  Framing framing_;
  bool after_return_ = false;  // a line feed that follows belongs to it
  std::string line_;
  std::string data_;
  std::vector<std::string> events_;
};

}  // namespace mia::worker
