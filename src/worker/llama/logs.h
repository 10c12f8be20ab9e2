// SPDX-License-Identifier: MIT
// llama.cpp's own words: passed on to stderr, kept (bounded), and searched for facts that no function tells.
#pragma once

#include <cstddef>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include <ggml.h>

namespace mia::worker {

class LogBook {
 public:
  LogBook() = default;
  LogBook(const LogBook&) = delete;
  LogBook& operator=(const LogBook&) = delete;
  ~LogBook();  // hands the messages back to the library

  // Becomes the receiver of all of llama.cpp's and ggml's messages; must outlive them.
  void listen();

  // Forgets what was kept: the next lines belong to a new phase.
  void start_phase();
  [[nodiscard]] std::vector<std::string> lines() const;
  // The line that says best why something failed: the last error that names a cause, or "" when none was logged.
  [[nodiscard]] std::string failure() const;
  // Whether warnings or errors of this phase say that memory ran out.
  [[nodiscard]] bool says_out_of_memory() const;

 private:
  struct Line {
    ggml_log_level level;
    std::string text;
  };
  static void receive(ggml_log_level level, const char* text, void* self);
  void add(ggml_log_level level, std::string_view text);
  void finish_line();

  mutable std::mutex mutex_;
  std::deque<Line> lines_;
  std::string pending_;
  ggml_log_level pending_level_ = GGML_LOG_LEVEL_INFO;
};

}  // namespace mia::worker
