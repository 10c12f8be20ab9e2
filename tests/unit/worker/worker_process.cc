// SPDX-License-Identifier: MIT
#include "worker_process.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <vector>

#include <gtest/gtest.h>

namespace mia::worker {
namespace {

// Above what posix_spawn's actions renumber to.
constexpr int kFirstFree = 10;

std::array<int, 2> make_pipe() {
  std::array<int, 2> raw{};
  EXPECT_EQ(::pipe2(raw.data(), O_CLOEXEC), 0);
  std::array<int, 2> moved{::fcntl(raw[0], F_DUPFD_CLOEXEC, kFirstFree), ::fcntl(raw[1], F_DUPFD_CLOEXEC, kFirstFree)};
  ::close(raw[0]);
  ::close(raw[1]);
  return moved;
}

pid_t spawn(int child_in, int child_out, int error, std::vector<std::string> variables) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, child_in, 3);
  posix_spawn_file_actions_adddup2(&actions, child_out, 4);
  posix_spawn_file_actions_adddup2(&actions, error, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, error, STDERR_FILENO);
  std::vector<char*> environment;
  for (std::string& variable : variables) {
    environment.push_back(variable.data());
  }
  environment.push_back(nullptr);
  std::string path = MIA_WORKER_FAKE;
  std::array<char*, 2> arguments{path.data(), nullptr};
  pid_t pid = -1;
  EXPECT_EQ(::posix_spawn(&pid, path.c_str(), &actions, nullptr, arguments.data(), environment.data()), 0);
  posix_spawn_file_actions_destroy(&actions);
  return pid;
}

}  // namespace

WorkerProcess::WorkerProcess(const std::string& script, const std::map<std::string, std::string>& environment) {
  (void)std::signal(SIGPIPE, SIG_IGN);
  const auto to_child = make_pipe();
  const auto from_child = make_pipe();
  error_ = ::fcntl(::memfd_create("stderr", MFD_CLOEXEC), F_DUPFD_CLOEXEC, kFirstFree);
  std::vector<std::string> variables{"MIA_FAKE_SCRIPT=" + script};
  for (const auto& [name, value] : environment) {
    variables.push_back(name + "=" + value);
  }
  pid = spawn(to_child[0], from_child[1], error_, std::move(variables));
  ::close(to_child[0]);
  ::close(from_child[1]);
  out_ = to_child[1];
  in_ = from_child[0];
}

WorkerProcess::~WorkerProcess() {
  if (!waited_) {
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
  }
  close_input();
  ::close(in_);
  ::close(error_);
}

std::optional<std::string> WorkerProcess::line() {
  std::array<char, 65536> bytes;
  while (true) {
    if (auto found = buffer_.take()) {
      return found;
    }
    overflowed = buffer_.overflowed();
    const ssize_t count = overflowed ? 0 : ::read(in_, bytes.data(), bytes.size());
    if (count <= 0) {
      half_line = buffer_.half_line();
      return std::nullopt;
    }
    buffer_.append({bytes.data(), static_cast<std::size_t>(count)});
  }
}

std::optional<proto::IncomingReply> WorkerProcess::read() {
  const auto text = line();
  if (!text) {
    return std::nullopt;
  }
  auto reply = proto::decode_reply(*text);
  if (!reply) {
    broken = *text;
    return std::nullopt;
  }
  return *reply;
}

std::optional<proto::IncomingReply> WorkerProcess::ask(const proto::Request& request) {
  send_raw(proto::encode(++id, request) + "\n");
  return read();
}

void WorkerProcess::prepare(const record::Settings& settings, std::int64_t n_ctx) {
  const auto greeting = read();
  ASSERT_TRUE(greeting && std::holds_alternative<proto::Greeting>(greeting->reply)) << error_text();
  const auto loaded = ask(proto::Load{"model.gguf", settings});
  ASSERT_TRUE(loaded && std::holds_alternative<proto::ModelLoaded>(loaded->reply)) << broken;
  const auto ready = ask(proto::MakeContext{settings, n_ctx});
  ASSERT_TRUE(ready && std::holds_alternative<proto::ContextReady>(ready->reply)) << broken;
}

void WorkerProcess::send_raw(const std::string& bytes) {
  EXPECT_EQ(::write(out_, bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
}

void WorkerProcess::flood(std::size_t bytes) {
  const std::string piece(65536, 'x');
  for (std::size_t sent = 0; sent < bytes; sent += piece.size()) {
    if (::write(out_, piece.data(), piece.size()) < 0) {
      return;
    }
  }
}

void WorkerProcess::close_input() {
  if (out_ >= 0) {
    ::close(out_);
    out_ = -1;
  }
}

int WorkerProcess::wait() {
  int status = 0;
  EXPECT_EQ(::waitpid(pid, &status, 0), pid);
  waited_ = true;
  return status;
}

std::string WorkerProcess::error_text() const {
  std::string text(1 << 16, '\0');
  const ssize_t count = ::pread(error_, text.data(), text.size(), 0);
  text.resize(count < 0 ? 0 : static_cast<std::size_t>(count));
  return text;
}

proto::Generate tokens_request(std::int64_t max_tokens, std::int64_t prompt_tokens, record::Settings settings) {
  settings.workload.input = "tokens";
  return proto::Generate{std::move(settings), "", max_tokens, prompt_tokens, 1};
}

}  // namespace mia::worker
