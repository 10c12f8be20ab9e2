// SPDX-License-Identifier: MIT
// What the fake worker does, read from JSON (docs/worker-protocol.md, "The fake worker's script").
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/result.h"
#include "record/outcome.h"
#include "record/settings.h"
#include "record/trial.h"

namespace mia::worker {

// Relative standard deviations of the virtual times, per token, per run and per trial.
struct Noise {
  std::uint64_t seed = 1;
  double token = 0;
  double run = 0;
  double trial = 0;
};

struct Fault {
  record::Phase phase = record::Phase::spawn;
  std::string kind;
  std::int64_t nth = 1;  // which request of that phase, 1-based; 0: each
  std::int64_t code = 1;
  std::int64_t signal = 11;
  std::int64_t version = 2;
  std::int64_t bytes = 4096;
  std::int64_t stdout_bytes = 0;
  std::int64_t stderr_bytes = 0;
  std::int64_t limit_mb = 256;
  double seconds = 1;
  bool setsid = false;
  bool ignore_term = false;
  std::string text;
};

struct Behaviour {
  bool load_phase = true;                 // false: greets as one whose model is there already
  std::optional<double> load_ms = 120.0;  // nullopt: the event does not tell it
  double context_ms = 5;
  double tokenize_ms = 0.05;
  std::optional<double> prefill_ms;  // else prompt tokens * prefill_ms_per_token
  double prefill_ms_per_token = 0.5;
  std::vector<double> token_ms{10.0};  // intervals, repeated from the start when used up
  Noise noise;
  std::vector<double> warm_up_factors;                         // of the first runs of the process
  double drift_per_trial = 0;                                  // times grow by this fraction with each trial
  std::map<std::string, std::map<std::string, double>> scale;  // effective setting -> its text -> factor of all times
  std::vector<std::string> words;                              // text output, repeated
  std::optional<std::int64_t> end_of_text_after;               // tokens
  std::int64_t n_threads_auto = 4;
  std::map<std::string, std::string> effective;  // setting -> text: reported whatever was asked
  std::map<std::string, std::string> facts;
  std::vector<record::BufferSize> buffers;
  Json probes = Json::object();  // name -> result
  std::vector<Fault> faults;
};

class Script {
 public:
  // `trial` counts the processes of a session from 1.
  [[nodiscard]] static Result<Script> parse(const Json& json, std::int64_t trial);
  // MIA_FAKE_SCRIPT (a path, or JSON itself), the built-in script without it; the trial from MIA_FAKE_COUNTER, a file
  // in which each process counts itself.
  [[nodiscard]] static Result<Script> from_environment();

  [[nodiscard]] bool is_null_provider() const { return null_provider_; }
  [[nodiscard]] std::int64_t trial() const { return trial_; }
  // The top level with the first matching rule laid over it. Without settings, rules that ask for any do not match.
  [[nodiscard]] Behaviour behaviour(const record::Settings* settings, std::string_view model = {}) const;

 private:
  Json base_ = Json::object();
  std::vector<Json> rules_;
  std::int64_t trial_ = 1;
  bool null_provider_ = false;
};

}  // namespace mia::worker
