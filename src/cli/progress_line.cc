// SPDX-License-Identifier: MIT
#include "cli/progress_line.h"

#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "cli/cli.h"

namespace mia::cli {
namespace {

constexpr std::size_t kLongest = 4096;

}  // namespace

ProgressLine::ProgressLine()
    : terminal_(log::takes_escapes(STDERR_FILENO)), quiet_(log::is_quiet()), printed_ns_(steady_ns()) {}

ProgressLine::~ProgressLine() {
  ProgressLine::done();
}

void ProgressLine::doing(std::string_view text, bool lasting) {
  if (quiet_) {
    return;
  }
  const std::string line = one_line(text, static_cast<std::size_t>(terminal_width(STDERR_FILENO) - 1));
  if (terminal_) {
    print_progress("\r\x1b[K" + line);
    shown_ = line;
  } else if (lasting) {
    print_progress(line + "\n");
    printed_ns_ = steady_ns();
  }
}

void ProgressLine::still(std::string_view text, double seconds) {
  const bool silent = static_cast<double>(steady_ns() - printed_ns_) >= kSilenceS * kNsPerS;
  ProgressLine::doing(fmt::format("{}, {:.0f} s", text, seconds), silent);
}

template <class Print>
void ProgressLine::print_above(Print print) {
  const std::string again = shown_;
  ProgressLine::done();
  print();
  printed_ns_ = steady_ns();
  if (!again.empty()) {
    ProgressLine::doing(again);
  }
}

void ProgressLine::say(std::string_view text) {
  if (!quiet_) {
    print_above([&] { print_progress(one_line(text, kLongest) + "\n"); });
  }
}

void ProgressLine::warn(std::string_view text) {
  print_above([&] { log::warn(text); });
}

void ProgressLine::done() {
  if (terminal_ && !shown_.empty()) {
    print_progress("\r\x1b[K");
    shown_.clear();
  }
}

}  // namespace mia::cli
