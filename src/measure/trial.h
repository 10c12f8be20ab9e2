// SPDX-License-Identifier: MIT
// One trial: a fresh worker, a proven page cache, load, warm-up, runs, and the conditions under which it all happened.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "base/result.h"
#include "client/worker.h"
#include "host/bandwidth.h"
#include "host/conditions.h"
#include "host/gpu.h"
#include "measure/time_limits.h"
#include "measure/usual_bandwidth.h"
#include "record/machine.h"
#include "record/trial.h"
#include "record/value.h"

namespace mia::measure {

// What the trials of a session share.
struct Bench {
  record::Machine machine;
  host::GpuMonitor* gpu = nullptr;  // null: none
  host::Canary* canary = nullptr;   // null: run.canary is off
  UsualBandwidth bandwidth;         // by its readings so far
  TimeLimits limits;
  // For a progress line, both may be empty: what begins ("loading the model"), and that it still goes on (about once a
  // second while a worker is waited for).
  std::function<void(std::string_view what)> on_phase;
  std::function<void()> on_wait;
};

struct TrialSpec {
  std::string id;
  std::string cell;
  std::int64_t repeat = 0;
  std::int64_t position = 0;
  record::Settings settings;  // requested, model path resolved elsewhere
  client::WorkerSpec worker;
  record::ModelInfo model;
  bool graph = false;  // also prove what one decode computes and where
};

// An error only where nothing could be measured at all (the worker's program or the prompt file is missing); all else
// is the trial's outcome.
[[nodiscard]] Result<record::Trial> run_trial(const TrialSpec& spec, Bench& bench);

// Limits beyond which the trial was disturbed. With every layer on GPUs of their own memory, by the runtime's own
// words, and no tensor moved back, it does not read the memory whose bandwidth the canary measures: the canary is
// recorded only. `bandwidth`: what is usual here, none where that is not known yet.
[[nodiscard]] record::Gates gates_for(const record::Trial& trial, const std::vector<record::Device>& devices,
                                      const std::optional<record::UsualBandwidth>& bandwidth);

// Environment of a trial's worker beyond what its runtime needs.
[[nodiscard]] std::map<std::string, std::string> trial_environment(const record::Settings& settings);

}  // namespace mia::measure
