// SPDX-License-Identifier: MIT
#include "proc/child.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "proc/process.h"
#include "proc/tail.h"

namespace mia::proc {
namespace {

constexpr int kRequestFd = 3;
constexpr int kReplyFd = 4;

}  // namespace

struct Child::Impl {
  LineBuffer lines;
  Tail log;
  std::unique_ptr<Process> process;  // after what its loop's callbacks use, so that it goes first
  Loop::Id requests = 0;
  Loop::Id replies = 0;
  bool is_broken = false;  // a request was cut off: nothing more can be sent

  Impl(std::unique_ptr<Process> started, const SpawnSpec& spec)
      : lines(spec.line_limit), log(spec.log_limit), process(std::move(started)) {}

  // Readers first: the child may write before we look.
  Status connect(Pipe& request, Pipe& reply, Pipe& output) {
    Loop& loop = process->loop();
    MIA_TRY_ASSIGN(requests, loop.add_writer(std::move(request.write)));
    MIA_TRY_ASSIGN(replies, loop.add_reader(std::move(reply.read), [this](std::string_view data) {
      lines.append(data);
      process->loop().set_reading(replies, lines.has_room());
    }));
    return loop.add_reader(std::move(output.read), [this](std::string_view data) { log.append(data); }).has_value()
               ? Status{}
               : fail(ErrorKind::internal, "cannot watch the output of a child");
  }

  [[nodiscard]] bool is_gone() const { return process->exit_reason().has_value(); }
};

Child::Child(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Child::~Child() = default;

Result<std::unique_ptr<Child>> Child::spawn(const SpawnSpec& spec) {
  MIA_TRY_ASSIGN(auto process, Process::make());
  MIA_TRY_ASSIGN(Pipe request, make_pipe());
  MIA_TRY_ASSIGN(Pipe reply, make_pipe());
  MIA_TRY_ASSIGN(Pipe output, make_pipe());
  auto env = spec.env;
  env["MIA_WORKER_IN"] = std::to_string(kRequestFd);
  env["MIA_WORKER_OUT"] = std::to_string(kReplyFd);
  auto impl = std::make_unique<Impl>(std::move(process), spec);
  const Launch what{spec.argv,
                    env,
                    spec.unset,
                    spec.working_dir,
                    {{output.write.get(), STDOUT_FILENO},
                     {output.write.get(), STDERR_FILENO},
                     {request.read.get(), kRequestFd},
                     {reply.write.get(), kReplyFd}}};
  MIA_TRY(impl->process->start(what));
  MIA_TRY(impl->connect(request, reply, output));
  return std::unique_ptr<Child>(new Child(std::move(impl)));
}

Status Child::send_line(std::string_view line, double timeout_s) {
  Impl& impl = *impl_;
  Loop& loop = impl.process->loop();
  if (impl.is_broken) {
    return fail(ErrorKind::worker, "worker (pid {}) cannot be sent more after a failed request", pid());
  }
  impl.is_broken = true;  // until this one is through
  std::string bytes;
  bytes.reserve(line.size() + 1);
  bytes.append(line).push_back('\n');
  loop.write(impl.requests, std::move(bytes));
  const Woke woke = loop.run([&] { return !loop.is_writing(impl.requests) || impl.is_gone(); }, timeout_s, true);
  if (woke == Woke::interrupted) {
    return fail(ErrorKind::interrupted, "interrupted while sending a request to the worker (pid {})", pid());
  }
  if (woke == Woke::timed_out) {
    return fail(ErrorKind::worker, "worker (pid {}) did not read a request of {} bytes within {:.3g} s", pid(),
                line.size(), timeout_s);
  }
  if (impl.is_gone()) {
    return fail(ErrorKind::worker, "worker (pid {}) is gone: {}", pid(), describe(*impl.process->exit_reason()));
  }
  if (const int error = loop.write_error(impl.requests); error != 0) {
    return fail(ErrorKind::worker, "worker (pid {}) no longer reads requests: {}", pid(), std::strerror(error));
  }
  impl.is_broken = false;
  return {};
}

ReadResult Child::read_line(double timeout_s) {
  Impl& impl = *impl_;
  Loop& loop = impl.process->loop();
  const auto something = [&] { return impl.lines.ready() || loop.has_ended(impl.replies); };
  loop.set_reading(impl.replies, impl.lines.has_room());
  const Woke woke = loop.run([&] { return something() || impl.is_gone(); }, timeout_s, true);
  impl.process->sample_memory();
  if (woke == Woke::interrupted) {
    return {ReadStatus::interrupted, {}};
  }
  if (impl.is_gone()) {  // what it wrote before is in the pipe; whoever else holds the pipe does not count
    loop.drain(something);
  }
  if (auto item = impl.lines.next()) {
    return {item->too_long ? ReadStatus::too_long : ReadStatus::line, std::move(item->line)};
  }
  if (woke == Woke::timed_out) {
    return {ReadStatus::timed_out, {}};
  }
  return {ReadStatus::closed, impl.lines.take_rest()};
}

std::optional<ExitReason> Child::wait(double timeout_s) {
  Impl& impl = *impl_;
  impl.process->sample_memory();
  static_cast<void>(impl.process->loop().run([&] { return impl.is_gone(); }, timeout_s, false));
  if (impl.is_gone()) {
    impl.process->loop().drain([] { return false; });
  }
  return impl.process->exit_reason();
}

void Child::kill_now() {
  impl_->process->kill_now();
  impl_->process->loop().drain([] { return false; });
}

bool Child::killed_by_oom() const {
  return impl_->process->killed_by_oom();
}
std::string Child::log_tail() const {
  return impl_->log.text();
}
std::int64_t Child::log_bytes() const {
  return impl_->log.total();
}
int Child::pid() const {
  return impl_->process->pid();
}
std::optional<std::int64_t> Child::peak_rss_bytes() const {
  return impl_->process->peak_rss_bytes();
}
double Child::cpu_seconds() const {
  return impl_->process->cpu_seconds();
}

}  // namespace mia::proc
