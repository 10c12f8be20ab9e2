// SPDX-License-Identifier: MIT
#include "runtime/worker.h"

#include "base/text.h"
#include "runtime/registry.h"

namespace mia::runtime {
namespace {

constexpr double kLimitS = 600;  // for one answer: loading a large model from a slow disk

// How a conversation ended, with the worker's own last words.
Failure end_of(proc::Child& child, proc::ReadStatus status) {
  if (status == proc::ReadStatus::interrupted) {
    return fail(ErrorKind::interrupted, "interrupted while waiting for the worker");
  }
  std::string how = "wrote a line that is too long";
  if (status == proc::ReadStatus::timed_out) {
    how = fmt::format("gave no answer within {:.0f} s", kLimitS);
  } else if (status == proc::ReadStatus::closed) {
    static constexpr double kLastBreathS = 5;
    const auto reason = child.wait(kLastBreathS);
    how = reason ? proc::describe(*reason) : "closed its reply pipe";
  }
  const std::string log = child.log_tail();
  static constexpr std::size_t kShown = 1500;
  const std::string_view words = trim(std::string_view(log).substr(log.size() > kShown ? log.size() - kShown : 0));
  return fail(ErrorKind::worker, "the worker {}{}{}", how, words.empty() ? "" : ": ", one_line(words, kShown));
}

}  // namespace

Result<WorkerTalk> WorkerTalk::start(const record::RuntimeInfo& runtime) {
  proc::SpawnSpec spec;
  spec.argv = {runtime.worker};
  spec.env = worker_environment(runtime);
  WorkerTalk talk;
  MIA_TRY_ASSIGN(talk.child_, proc::Child::spawn(spec));
  MIA_TRY_ASSIGN(proto::Reply reply, talk.receive(0));
  auto* const greeting = std::get_if<proto::Greeting>(&reply);
  if (greeting == nullptr) {
    return fail(ErrorKind::protocol, "the worker '{}' did not begin with a greeting", runtime.worker);
  }
  talk.greeting_ = std::move(*greeting);
  return talk;
}

Result<proto::Reply> WorkerTalk::receive(std::int64_t id) {
  const proc::ReadResult read = child_->read_line(kLimitS);
  if (read.status != proc::ReadStatus::line) {
    return end_of(*child_, read.status);
  }
  MIA_TRY_ASSIGN(proto::IncomingReply incoming, context(proto::decode_reply(read.line), "the worker's answer"));
  if (const auto* const failed = std::get_if<proto::Failed>(&incoming.reply)) {
    return fail(ErrorKind::worker, "{}", record::describe(failed->outcome));
  }
  if (incoming.id != id) {
    return fail(ErrorKind::protocol, "the worker answered request {} instead of {}", incoming.id, id);
  }
  return std::move(incoming.reply);
}

Result<proto::Reply> WorkerTalk::exchange(const proto::Request& request) {
  ++last_id_;
  if (const Status sent = child_->send_line(proto::encode(last_id_, request), kLimitS); !sent) {
    return sent.error().kind == ErrorKind::interrupted ? sent.failure() : end_of(*child_, proc::ReadStatus::closed);
  }
  return receive(last_id_);
}

}  // namespace mia::runtime
