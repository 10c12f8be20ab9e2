// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdlib>
#include <optional>

#include "base/text.h"
#include "proto/frame.h"
#include "worker/runtime.h"
#include "worker/session.h"

namespace mia::worker {
namespace {

Result<int> descriptor(const char* variable, int standard) {
  const char* const text = std::getenv(variable);
  std::int64_t fd = standard;
  if (text != nullptr) {
    MIA_TRY_ASSIGN(fd, context(parse_int(text), variable));
  }
  if (fd < 0 || fd > INT_MAX || ::fcntl(static_cast<int>(fd), F_SETFD, FD_CLOEXEC) != 0) {
    return fail(ErrorKind::usage, "{} names descriptor {}, which is not open; mia-perf starts this program", variable,
                fd);
  }
  return static_cast<int>(fd);
}

// The next line; nullopt at the end of input or when the line is too long.
class Reader {
 public:
  explicit Reader(int fd) : fd_(fd) {}

  std::optional<std::string> next() {
    while (true) {
      if (auto line = buffer_.take()) {
        return line;
      }
      if (buffer_.overflowed() || !fill()) {
        return std::nullopt;
      }
    }
  }
  [[nodiscard]] bool overflowed() const { return buffer_.overflowed(); }

 private:
  bool fill() {
    std::array<char, 65536> bytes;
    ssize_t count = 0;
    do {
      count = ::read(fd_, bytes.data(), bytes.size());
    } while (count < 0 && errno == EINTR);
    if (count <= 0) {
      return false;
    }
    buffer_.append({bytes.data(), static_cast<std::size_t>(count)});
    return true;
  }

  int fd_;
  proto::LineBuffer buffer_;
};

bool send(int fd, std::int64_t id, const proto::Reply& reply) {
  std::string line = proto::encode(id, reply);
  if (line.size() > proto::kMaxLine) {
    line = proto::encode(id, refused(fmt::format("the reply has {} bytes, more than a line may have", line.size())));
  }
  return write_line(fd, line);
}

int leave_on_violation(int fd, const std::string& reason) {
  (void)send(fd, 0, failed(record::OutcomeKind::invalid, "protocol: " + reason));
  return kExitProtocol;
}

}  // namespace

Result<Channel> channel_from_environment() {
  Channel channel;
  MIA_TRY_ASSIGN(channel.in, descriptor("MIA_WORKER_IN", channel.in));
  MIA_TRY_ASSIGN(channel.out, descriptor("MIA_WORKER_OUT", channel.out));
  return channel;
}

void prepare_process() {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  (void)std::signal(SIGPIPE, SIG_IGN);
}

bool write_line(int fd, std::string_view line) {
  const std::string text = std::string(line) + '\n';
  std::string_view rest = text;
  while (!rest.empty()) {
    const ssize_t written = ::write(fd, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) {
      continue;
    }
    if (written <= 0) {
      return false;
    }
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

int serve(Provider& provider, Channel channel, const Intercept& intercept) {
  Session session(provider);
  const auto taken_over = [&](record::Phase phase, std::int64_t id, const proto::Request* request) {
    return intercept && intercept(phase, id, request);
  };
  if (!taken_over(record::Phase::greeting, 0, nullptr) && !send(channel.out, 0, session.greet())) {
    return kExitOk;
  }
  Reader reader(channel.in);
  while (const auto line = reader.next()) {
    const auto incoming = proto::decode_request(*line);
    if (!incoming) {
      return leave_on_violation(channel.out, incoming.error().message);
    }
    const proto::Request& request = incoming->request;
    if (!taken_over(proto::phase_of(request), incoming->id, &request) &&
        !send(channel.out, incoming->id, session.answer(request))) {
      return kExitOk;
    }
    if (std::holds_alternative<proto::Shutdown>(request)) {
      return kExitOk;
    }
  }
  return reader.overflowed() ? leave_on_violation(channel.out, "a line is too long") : kExitOk;
}

}  // namespace mia::worker
