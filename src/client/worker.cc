// SPDX-License-Identifier: MIT
#include "client/worker.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "base/clock.h"
#include "base/text.h"
#include "proc/child.h"

namespace mia::client {
namespace {

using record::Outcome;
using record::OutcomeKind;
using record::Phase;
constexpr double kDeathWait = 2.0;  // seconds: a worker whose pipe closed has this long to be gone

Outcome outcome_in(Phase phase, OutcomeKind kind, std::string reason = {}) {
  Outcome outcome;
  outcome.kind = kind;
  outcome.phase = phase;
  outcome.reason = std::move(reason);
  return outcome;
}

Outcome invalid(Phase phase, std::string check) {
  Outcome outcome = outcome_in(phase, OutcomeKind::invalid);
  outcome.checks.push_back(std::move(check));
  return outcome;
}

// As Child::read_line, with a call of `on_wait` for each second that passes.
proc::ReadResult read_patiently(proc::Child& child, double timeout_s, const std::function<void()>& on_wait) {
  constexpr double kTickS = 1.0;
  for (double left = timeout_s;; left -= kTickS) {
    proc::ReadResult read = child.read_line(std::min(left, kTickS));
    if (read.status != proc::ReadStatus::timed_out || left <= kTickS) {
      return read;
    }
    if (on_wait) {
      on_wait();
    }
  }
}

double elapsed_ms(std::int64_t since_ns) {
  return static_cast<double>(steady_ns() - since_ns) / kNsPerMs;
}

}  // namespace

Worker::Worker(std::function<void()> on_wait) : on_wait_(std::move(on_wait)) {}
Worker::~Worker() = default;

Result<Answer<proto::Greeting>> Worker::start(const WorkerSpec& spec, double timeout_s) {
  proc::SpawnSpec spawn;
  spawn.argv = {spec.runtime.worker};
  spawn.env = spec.env;
  const std::int64_t began = steady_ns();
  MIA_TRY_ASSIGN(child_, proc::Child::spawn(spawn));
  Answer<proto::Greeting> answer = receive<proto::Greeting>(Phase::greeting, 0, timeout_s);
  answer.wall_ms = elapsed_ms(began);
  if (answer.ok() && answer.value->protocol != proto::kVersion) {
    const std::string check = fmt::format(
        "the worker speaks protocol {}, this program {}; build it anew with "
        "mia-perf runtime add --force",
        answer.value->protocol, proto::kVersion);
    answer.value.reset();
    answer.outcome = end_with(invalid(Phase::greeting, check));
  }
  return answer;
}

Result<proto::Greeting> Worker::open(const WorkerSpec& spec, double timeout_s) {
  MIA_TRY_ASSIGN(Answer<proto::Greeting> answer, start(spec, timeout_s));
  return need(std::move(answer));
}

Answer<proto::ModelLoaded> Worker::load(const proto::Load& request, double timeout_s) {
  return ask<proto::ModelLoaded>(Phase::load, request, timeout_s);
}

Answer<proto::ContextReady> Worker::make_context(const proto::MakeContext& request, double timeout_s) {
  return ask<proto::ContextReady>(Phase::context, request, timeout_s);
}

Answer<proto::WarmedUp> Worker::warm_up(const proto::WarmUp& request, double timeout_s) {
  return ask<proto::WarmedUp>(Phase::warm_up, request, timeout_s);
}

Answer<proto::Generated> Worker::generate(const proto::Generate& request, double timeout_s) {
  return ask<proto::Generated>(Phase::generate, request, timeout_s);
}

Answer<proto::Probed> Worker::probe(const proto::Probe& request, double timeout_s) {
  return ask<proto::Probed>(Phase::probe, request, timeout_s);
}

Answer<proto::Bye> Worker::shut_down(double timeout_s) {
  const std::int64_t began = steady_ns();
  Answer<proto::Bye> answer = ask<proto::Bye>(Phase::shutdown, proto::Shutdown{}, timeout_s);
  if (!answer.ok()) {
    return answer;
  }
  const auto reason = child_->wait(timeout_s);
  if (!reason) {
    answer.value.reset();
    answer.outcome = end_with(outcome_in(Phase::shutdown, OutcomeKind::timed_out));
  } else if (reason->signal || reason->exit_code.value_or(0) != 0) {
    answer.value.reset();
    answer.outcome = ended(Phase::shutdown);
  }
  answer.wall_ms = elapsed_ms(began);
  child_->kill_now();  // what it left behind
  return answer;
}

void Worker::kill() {
  if (child_) {
    child_->kill_now();
  }
}

bool Worker::alive() const {
  return child_ && !child_->wait(0);
}

std::string Worker::log_tail(std::size_t most) const {
  std::string tail = child_ ? printable(child_->log_tail(), kLogRead) : std::string();
  return tail.size() > most ? tail.substr(tail.size() - most) : tail;
}

Failure Worker::failure(const Outcome& outcome) const {
  constexpr std::size_t kLastWords = 1500;
  const std::string words = one_line(trim(log_tail(kLastWords)), kLastWords);
  ErrorKind kind = ErrorKind::worker;
  if (outcome.kind == OutcomeKind::cancelled) {
    kind = ErrorKind::interrupted;
  } else if (outcome.kind == OutcomeKind::invalid) {
    kind = ErrorKind::protocol;
  }
  return fail(kind, "worker {}{}{}", record::describe(outcome), words.empty() ? "" : ": ", words);
}

std::optional<std::int64_t> Worker::peak_rss_bytes() const {
  return child_ ? child_->peak_rss_bytes() : std::nullopt;
}

double Worker::cpu_seconds() const {
  return child_ ? child_->cpu_seconds() : 0.0;
}

template <class T>
Answer<T> Worker::ask(Phase phase, const proto::Request& request, double timeout_s) {
  const std::int64_t began = steady_ns();
  const std::int64_t id = next_id_++;
  Answer<T> answer;
  if (const Status sent = child_->send_line(proto::encode(id, request), timeout_s); !sent) {
    // A worker that answers a shutdown and leaves may be gone before the writing side has noticed that it wrote all:
    // what it said decides, and else its end.
    const bool stopped = sent.error().kind == ErrorKind::interrupted;
    if (stopped) {
      answer.outcome = end_with(outcome_in(phase, OutcomeKind::cancelled));
    } else {
      answer = receive<T>(phase, id, std::min(timeout_s, kDeathWait));
    }
  } else {
    answer = receive<T>(phase, id, timeout_s);
  }
  answer.wall_ms = elapsed_ms(began);
  return answer;
}

template <class T>
Answer<T> Worker::receive(Phase phase, std::int64_t id, double timeout_s) {
  Answer<T> answer;
  const proc::ReadResult read = read_patiently(*child_, timeout_s, on_wait_);
  if (read.status == proc::ReadStatus::timed_out) {
    answer.outcome = end_with(outcome_in(phase, OutcomeKind::timed_out));
  } else if (read.status == proc::ReadStatus::interrupted) {
    answer.outcome = end_with(outcome_in(phase, OutcomeKind::cancelled));
  } else if (read.status == proc::ReadStatus::too_long) {
    answer.outcome = end_with(invalid(phase, "the worker sent a line longer than the protocol allows"));
  } else if (read.status == proc::ReadStatus::closed) {
    answer.outcome = ended(phase);
    if (!read.line.empty() && answer.outcome.reason.empty()) {
      answer.outcome.reason = fmt::format("in the middle of a line: '{}'", one_line(read.line, 80));
    }
  } else if (auto reply = proto::decode_reply(read.line); !reply) {
    answer.outcome = end_with(invalid(phase, reply.error().text()));
  } else if (reply->id != id) {
    answer.outcome = end_with(invalid(phase, fmt::format("the reply has id {}, the request {}", reply->id, id)));
  } else if (auto* const failed = std::get_if<proto::Failed>(&reply->reply)) {
    answer.outcome = failed->outcome;
    answer.outcome.phase = phase;
  } else if (auto* const value = std::get_if<T>(&reply->reply)) {
    answer.value = std::move(*value);
  } else {
    answer.outcome = end_with(invalid(phase, "the reply belongs to another request"));
  }
  return answer;
}

// The pipe closed: the process is dying or dead, and its status says how.
Outcome Worker::ended(Phase phase) {
  const auto reason = child_->wait(kDeathWait);
  if (!reason) {
    return end_with(invalid(phase, "the worker closed its pipe and went on running"));
  }
  Outcome outcome = outcome_in(phase, OutcomeKind::crashed);
  if (reason->signal) {
    outcome.signal = *reason->signal;
  }
  if (reason->exit_code) {
    outcome.exit_code = *reason->exit_code;
  }
  if (child_->killed_by_oom()) {
    outcome.kind = OutcomeKind::out_of_memory;
    outcome.reason = "killed by the kernel, which had no memory left";
  }
  return end_with(std::move(outcome));
}

Outcome Worker::end_with(Outcome outcome) {
  child_->kill_now();
  return outcome;
}

}  // namespace mia::client
