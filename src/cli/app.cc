// SPDX-License-Identifier: MIT
#include "cli/app.h"

#include <cstdio>
#include <cstdlib>

#include <sys/ioctl.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

namespace mia::cli {

int exit_code_of(const Error& error) {
  switch (error.kind) {
    case ErrorKind::usage:
    case ErrorKind::not_found:
    case ErrorKind::unsupported:
    case ErrorKind::io:
    case ErrorKind::protocol:
      return kUsage;
    case ErrorKind::worker:
      return kMeasurementFailed;
    case ErrorKind::interrupted:
      return kInterrupted;
    case ErrorKind::store:
    case ErrorKind::internal:
      return kInternal;
  }
  return kInternal;
}

void print(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

void print_json(const Json& json) {
  print(dump_json(json, 2) + "\n");
}

bool is_terminal(int fd) {
  return isatty(fd) == 1;
}

bool want_color() {
  const char* const off = std::getenv("NO_COLOR");
  return is_terminal(STDOUT_FILENO) && (off == nullptr || *off == '\0');
}

int terminal_width() {
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= 40) {
    return size.ws_col;
  }
  return 110;
}

std::string tool_version() {
  return MIA_VERSION;
}

}  // namespace mia::cli
