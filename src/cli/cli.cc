// SPDX-License-Identifier: MIT
#include "cli/cli.h"

#include <cerrno>
#include <cstdio>
#include <limits>
#include <system_error>

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "base/log.h"
#include "document/json.h"

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
    case ErrorKind::output:
    case ErrorKind::store:
    case ErrorKind::internal:
      return kInternal;
  }
  return kInternal;
}

Result<app::Configured> configured_for(const Common& common) {
  MIA_TRY_ASSIGN(app::Configured configured, app::configure(common));
  for (const std::string& warning : configured.loaded.warnings) {
    log::warn(warning);
  }
  return configured;
}

namespace {

int output_errno = 0;

}  // namespace

void print(std::string_view text) {
  const bool written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0;
  if (!written && output_errno == 0) {
    output_errno = errno;
  }
}

std::optional<Error> output_error() {
  if (output_errno == 0 || output_errno == EPIPE) {
    return std::nullopt;
  }
  return fail(ErrorKind::internal, "cannot write the result to stdout: {}",
              std::generic_category().message(output_errno))
      .error;
}

void print_progress(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stderr);
  std::fflush(stderr);
}

void guard_standard_streams() {
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (fcntl(fd, F_GETFD) == -1 && errno == EBADF) {
      open("/dev/null", O_RDONLY | O_CLOEXEC);  // takes the lowest free number; writing to it still fails
    }
  }
}

void print_json(const Json& json) {
  print(dump_json(json, 2) + "\n");
}

bool is_terminal(int fd) {
  return isatty(fd) == 1;
}

bool want_color() {
  return log::wants_color(STDOUT_FILENO);
}

int terminal_width() {
  return terminal_width(STDOUT_FILENO);
}

int terminal_width(int fd) {
  winsize size{};
  if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col >= 40) {
    return size.ws_col;
  }
  return 110;
}

document::Look terminal_look() {
  return {static_cast<std::size_t>(terminal_width()), std::nullopt, want_color()};
}

void show(const Common& common, const document::Document& document, const Json& json) {
  if (common.json) {
    print_json(json);
    return;
  }
  document::Look look = terminal_look();
  if (!is_terminal(STDOUT_FILENO)) {
    look.table_width = std::numeric_limits<std::size_t>::max();
  }
  print(document::to_text(document, look));
}

void show_list(const Common& common, const document::Table& table, std::string_view none) {
  if (table.rows.empty() && !common.json) {
    print(std::string(none) + '\n');
  } else {
    show(common, document::document_of(table), document::to_json(table));
  }
}

}  // namespace mia::cli
