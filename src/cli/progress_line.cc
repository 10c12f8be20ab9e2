// SPDX-License-Identifier: MIT
#include "cli/progress_line.h"

#include <cstdio>

#include <unistd.h>

#include "base/log.h"
#include "base/text.h"
#include "cli/app.h"

namespace mia::cli {

ProgressLine::ProgressLine() : terminal_(is_terminal(STDERR_FILENO)), quiet_(log::is_quiet()) {}

ProgressLine::~ProgressLine() {
  clear();
}

void ProgressLine::show(std::string_view text, bool lasting) {
  if (quiet_) {
    return;
  }
  const std::string line = printable(text, static_cast<std::size_t>(terminal_width() - 1));
  if (terminal_) {
    fmt::print(stderr, "\r\x1b[K{}", line);
    std::fflush(stderr);
    shown_ = line;
  } else if (lasting) {
    fmt::print(stderr, "{}\n", line);
  }
}

void ProgressLine::say(std::string_view text) {
  if (quiet_) {
    return;
  }
  const std::string again = shown_;
  clear();
  fmt::print(stderr, "{}\n", printable(text));
  if (!again.empty()) {
    show(again);
  }
}

void ProgressLine::clear() {
  if (terminal_ && !shown_.empty()) {
    fmt::print(stderr, "\r\x1b[K");
    std::fflush(stderr);
    shown_.clear();
  }
}

}  // namespace mia::cli
