// SPDX-License-Identifier: MIT
// A private event loop for one child: pipes, a deadline, SIGCHLD and interrupts. Hides libuv.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "proc/fd.h"

namespace mia::proc {

enum class Woke { done, timed_out, interrupted };

class Loop {
 public:
  using OnData = std::function<void(std::string_view)>;
  using Id = std::size_t;  // of a stream

  // `on_child_signal` is called, inside run(), after any SIGCHLD.
  [[nodiscard]] static Result<std::unique_ptr<Loop>> make(std::function<void()> on_child_signal);
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // Takes over the read end of a pipe.
  [[nodiscard]] Result<Id> add_reader(Fd fd, OnData on_data);
  [[nodiscard]] bool has_ended(Id id) const;
  void set_reading(Id id, bool on);  // also from within on_data

  // Takes over the write end of a pipe.
  [[nodiscard]] Result<Id> add_writer(Fd fd);
  void write(Id id, std::string bytes);
  [[nodiscard]] bool is_writing(Id id) const;
  [[nodiscard]] int write_error(Id id) const;  // errno of the last write, 0: fine

  // Runs until `done` holds, the time is over or, if `heeds_interrupts`, a signal came. What is ready is always taken
  // along first, even with no time at all.
  [[nodiscard]] Woke run(const std::function<bool()>& done, double timeout_s, bool heeds_interrupts);

  // Takes what has arrived by now, without waiting: until nothing more comes, or `done`, or a bounded number of rounds
  // (a grandchild may write for ever).
  void drain(const std::function<bool()>& done);

 private:
  struct Impl;
  explicit Loop(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace mia::proc
