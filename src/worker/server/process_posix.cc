// SPDX-License-Identifier: MIT
#include "worker/server/process.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <string_view>
#include <thread>
#include <utility>

#include "base/clock.h"

namespace mia::worker {
namespace {

constexpr std::size_t kMaxLines = 4096;
constexpr std::size_t kMaxLineLength = 2048;
constexpr int kPipeBytes = 1 << 20;  // what is printed while nobody reads must not stop the server

std::vector<std::string> environment(const std::string& key) {
  std::vector<std::string> texts = {"LLAMA_API_KEY=" + key};
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    if (!text.starts_with("LLAMA_ARG_") && !text.starts_with("LLAMA_API_KEY=")) {
      texts.emplace_back(text);
    }
  }
  return texts;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> result;
  result.reserve(texts.size() + 1);
  for (std::string& text : texts) {
    result.push_back(text.data());
  }
  result.push_back(nullptr);
  return result;
}

// In the child: only system calls.
[[noreturn]] void become(const std::vector<char*>& argv, const std::vector<char*>& env, int output, int parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() == parent) {
    (void)std::signal(SIGPIPE, SIG_DFL);
    ::dup2(output, STDOUT_FILENO);
    ::dup2(output, STDERR_FILENO);
    ::execve(argv.front(), argv.data(), env.data());
  }
  ::_exit(127);
}

}  // namespace

Result<std::unique_ptr<ServerProcess>> ServerProcess::start(const std::vector<std::string>& argv,
                                                            const std::string& key) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    return fail(ErrorKind::io, "cannot create a pipe: {}", std::strerror(errno));
  }
  ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
  ::fcntl(ends[1], F_SETPIPE_SZ, kPipeBytes);
  std::vector<std::string> arguments = argv;
  std::vector<std::string> variables = environment(key);
  const std::vector<char*> arguments_at = pointers(arguments);
  const std::vector<char*> variables_at = pointers(variables);
  const int parent = ::getpid();
  const int pid = ::fork();
  if (pid == 0) {
    become(arguments_at, variables_at, ends[1], parent);
  }
  const int error = errno;
  ::close(ends[1]);
  if (pid < 0) {
    ::close(ends[0]);
    return fail(ErrorKind::io, "cannot start '{}': {}", argv.front(), std::strerror(error));
  }
  return std::unique_ptr<ServerProcess>(new ServerProcess(pid, ends[0]));
}

ServerProcess::~ServerProcess() {
  if (!status_) {
    ::kill(pid_, SIGKILL);
    (void)::waitpid(pid_, nullptr, 0);
  }
  take_log();
  ::close(log_);
}

void ServerProcess::take_log() {
  std::array<char, 65536> bytes;
  ssize_t count = 0;
  while ((count = ::read(log_, bytes.data(), bytes.size())) > 0) {
    std::string_view text(bytes.data(), static_cast<std::size_t>(count));
    std::fwrite(text.data(), 1, text.size(), stderr);
    while (!text.empty()) {
      const std::size_t newline = text.find('\n');
      pending_ += text.substr(0, std::min(newline, kMaxLineLength - std::min(kMaxLineLength, pending_.size())));
      if (newline == std::string_view::npos) {
        break;
      }
      if (lines_.size() == kMaxLines) {
        lines_.pop_front();
      }
      lines_.push_back(std::exchange(pending_, {}));
      text.remove_prefix(newline + 1);
    }
  }
}

std::optional<int> ServerProcess::ended(double seconds) {
  const std::int64_t end = steady_ns() + static_cast<std::int64_t>(seconds * kNsPerS);
  while (!status_) {
    int status = 0;
    if (::waitpid(pid_, &status, WNOHANG) == pid_) {
      status_ = status;
    } else if (steady_ns() >= end) {
      break;
    } else {
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
  }
  return status_;
}

void end_as(int status) {
  std::fflush(stderr);
  if (WIFSIGNALED(status)) {
    const rlimit none{0, 0};
    ::setrlimit(RLIMIT_CORE, &none);
    (void)std::signal(WTERMSIG(status), SIG_DFL);
    (void)std::raise(WTERMSIG(status));
  }
  ::_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
}

Result<int> free_port() {
  const int probe = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  const bool good = probe >= 0 && ::bind(probe, generic, length) == 0 && ::getsockname(probe, generic, &length) == 0;
  const int error = errno;
  ::close(probe);
  return good ? Result<int>(ntohs(address.sin_port))
              : Result<int>(fail(ErrorKind::io, "no free port on 127.0.0.1: {}", std::strerror(error)));
}

}  // namespace mia::worker
