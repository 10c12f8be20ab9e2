// SPDX-License-Identifier: MIT
#include "host/forked.h"

#include <array>
#include <csignal>
#include <exception>

#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

namespace mia::host {
namespace {

[[noreturn]] void be_the_child(int socket, const std::function<void(int)>& serve) {
#ifdef __linux__
  ::prctl(PR_SET_PDEATHSIG, static_cast<unsigned long>(SIGKILL), 0UL, 0UL, 0UL);
#endif
  std::signal(SIGINT, SIG_IGN);  // the parent decides when it ends
  std::signal(SIGTERM, SIG_DFL);
  try {
    serve(socket);
  } catch (const std::exception&) {
    ::_exit(1);  // the parent sees the end of the socket
  }
  ::_exit(0);
}

}  // namespace

std::optional<Forked> Forked::start(const std::function<void(int)>& serve) {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return std::nullopt;
  }
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::close(ends[0]);
    be_the_child(ends[1], serve);
  }
  ::close(ends[1]);
  if (pid < 0) {
    ::close(ends[0]);
    return std::nullopt;
  }
  return Forked(ends[0], pid);
}

Forked::~Forked() {
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
}

bool send_all(int socket, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno != EINTR) {
      return false;
    }
    bytes = bytes.subspan(static_cast<std::size_t>(sent > 0 ? sent : 0));
  }
  return true;
}

bool receive_all(int socket, std::span<std::byte> bytes, const Stop& stop) {
  constexpr int kAskEveryMs = 50;
  while (!bytes.empty()) {
    if (stop && stop()) {
      return false;
    }
    if (pollfd ready{.fd = socket, .events = POLLIN, .revents = 0}; stop && ::poll(&ready, 1, kAskEveryMs) <= 0) {
      continue;
    }
    const ssize_t got = ::recv(socket, bytes.data(), bytes.size(), 0);
    if (got == 0 || (got < 0 && errno != EINTR)) {
      return false;
    }
    bytes = bytes.subspan(static_cast<std::size_t>(got > 0 ? got : 0));
  }
  return true;
}

}  // namespace mia::host
