// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <spawn.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <string>

#include "proc/open_page.h"

namespace mia::proc {

Status open_page(const std::string& url) {
  std::string program = "xdg-open";
  std::string address = url;
  const std::array<char*, 3> argv = {program.data(), address.data(), nullptr};
  posix_spawn_file_actions_t files{};
  posix_spawnattr_t how{};
  ::posix_spawn_file_actions_init(&files);
  ::posix_spawnattr_init(&how);
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    ::posix_spawn_file_actions_addopen(&files, fd, "/dev/null", O_RDWR, 0);
  }
  ::posix_spawnattr_setflags(&how, POSIX_SPAWN_SETSID);  // Ctrl-C is meant for us
  pid_t pid = 0;
  const int error = ::posix_spawnp(&pid, argv[0], &files, &how, argv.data(), environ);
  ::posix_spawnattr_destroy(&how);
  ::posix_spawn_file_actions_destroy(&files);
  return error == 0 ? Status() : fail(ErrorKind::not_found, "cannot start {}: {}", program, std::strerror(error));
}

}  // namespace mia::proc
