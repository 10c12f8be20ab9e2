// SPDX-License-Identifier: MIT
#include "measure/arm.h"

#include <algorithm>
#include <utility>

#include "measure/workload.h"

namespace mia::measure {
namespace {

using record::Outcome;
using record::Phase;

Outcome refused(std::string reason) {
  Outcome outcome;
  outcome.kind = record::OutcomeKind::refused;
  outcome.phase = Phase::greeting;
  outcome.reason = std::move(reason);
  return outcome;
}

}  // namespace

Result<Outcome> Arm::start(std::int64_t padding_bytes) {
  MIA_TRY_ASSIGN(request_, make_request(spec_.settings));
  worker_ = std::make_unique<client::Worker>(bench_.on_wait);
  client::WorkerSpec worker{spec_.subject.runtime, spec_.subject.env};
  worker.env.merge(trial_environment(spec_.settings));
  worker.env["MIA_PERF_PADDING"] = std::string(static_cast<std::size_t>(padding_bytes), 'x');
  MIA_TRY_ASSIGN(const auto greeting, worker_->start(worker, limit_of(Phase::greeting)));
  if (!greeting.ok()) {
    return greeting.outcome;
  }
  if (record::is_slowed(spec_.settings) && !record::can(greeting.value->runtime, "inject")) {
    return refused(
        "this worker cannot slow itself down (workload.inject_*); build it anew: mia-perf runtime add --force");
  }
  const auto loaded =
      worker_->load({spec_.subject.model.path, spec_.settings, context_bound(request_)}, limit_of(Phase::load));
  if (const Outcome outcome = learn(loaded, Phase::load); !outcome.ok()) {
    return outcome;
  }
  const std::int64_t needed = context_bound(request_);
  const auto ready = worker_->make_context({spec_.settings, needed}, limit_of(Phase::context));
  if (ready.ok()) {
    effective_ = ready.value->effective;
  }
  return learn(ready, Phase::context);
}

client::Answer<record::Run> Arm::run(std::int64_t seed) {
  request_.seed = seed;
  auto generated = worker_->generate(request_, limit_of(Phase::generate));
  client::Answer<record::Run> answer;
  answer.outcome = learn(generated, Phase::generate);
  answer.wall_ms = generated.wall_ms;
  if (!generated.ok()) {
    return answer;
  }
  if (generated.value->run.token_ns.empty()) {
    answer.outcome.kind = record::OutcomeKind::invalid;
    answer.outcome.phase = Phase::generate;
    answer.outcome.checks = {"the run gave no token"};
    return answer;
  }
  generated.value->run.text.reset();
  answer.value = std::move(generated.value->run);
  return answer;
}

Outcome Arm::stop() {
  Outcome outcome;
  if (worker_ && worker_->alive()) {
    outcome = worker_->shut_down(limit_of(Phase::shutdown)).outcome;
  }
  if (outcome.ok()) {
    worker_.reset();
  }
  return outcome;
}

std::string Arm::log_tail() const {
  return worker_ ? worker_->log_tail() : std::string();
}

TimeLimits::Work Arm::work() const {
  return work_of(spec_.settings, spec_.subject.model, context_bound(request_), 1);
}

double Arm::limit_of(Phase phase) const {
  return bench_.limits.limit(phase, work()).seconds;
}

template <class T>
Outcome Arm::learn(const client::Answer<T>& answer, Phase phase) {
  if (answer.ok()) {
    bench_.limits.learn(phase, work(), answer.wall_ms / 1000.0);
  }
  return answer.outcome;
}

}  // namespace mia::measure
