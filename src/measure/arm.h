// SPDX-License-Identifier: MIT
// One side of a comparison: a worker that stays alive with its model loaded and computes one run at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "client/worker.h"
#include "measure/plan.h"
#include "measure/trial.h"
#include "record/trial.h"

namespace mia::measure {

struct ArmSpec {
  std::string label;  // "runtime:old"
  record::Settings settings;
  Subject subject;
};

class Arm {
 public:
  // The spec and the bench must outlive it.
  Arm(const ArmSpec& spec, Bench& bench) : spec_(spec), bench_(bench) {}

  // A fresh process with its model and a context, whose environment is larger by `padding_bytes`: that moves its stack.
  // An error only where nothing can be measured at all.
  [[nodiscard]] Result<record::Outcome> start(std::int64_t padding_bytes);
  // One run; `seed` chooses its random tokens.
  [[nodiscard]] client::Answer<record::Run> run(std::int64_t seed);
  // Ends the process, politely where it still can; the outcome is not ok when it does not leave as it should.
  [[nodiscard]] record::Outcome stop();

  [[nodiscard]] const record::Settings& effective() const { return effective_; }
  [[nodiscard]] bool scripted() const { return !spec_.subject.runtime.real_time; }
  [[nodiscard]] bool own_process() const { return spec_.subject.runtime.own_process; }
  [[nodiscard]] double cpu_seconds() const { return worker_ ? worker_->cpu_seconds() : 0.0; }
  [[nodiscard]] std::string log_tail() const;

 private:
  [[nodiscard]] double limit_of(record::Phase phase) const;
  [[nodiscard]] TimeLimits::Work work() const;
  template <class T>
  [[nodiscard]] record::Outcome learn(const client::Answer<T>& answer, record::Phase phase);

  const ArmSpec& spec_;
  Bench& bench_;
  proto::Generate request_;
  std::unique_ptr<client::Worker> worker_;
  record::Settings effective_;
};

}  // namespace mia::measure
