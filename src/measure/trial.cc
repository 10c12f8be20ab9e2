// SPDX-License-Identifier: MIT
#include "measure/trial.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/text.h"
#include "host/conditions.h"
#include "host/package_energy.h"
#include "host/page_cache.h"
#include "measure/workload.h"
#include "model/describe.h"
#include "proc/interrupt.h"
#include "record/cause.h"

namespace mia::measure {
namespace {

using record::Phase;

// Carries one trial through its phases; each step returns false when the trial has ended.
class TrialRun {
 public:
  TrialRun(const TrialSpec& spec, Bench& bench) : spec_(spec), bench_(bench), worker_(bench.on_wait) {
    trial_.id = spec.id;
    trial_.cell = spec.cell;
    trial_.repeat = spec.repeat;
    trial_.position = spec.position;
    trial_.started = utc_now();
    trial_.requested = spec.settings;
  }

  Result<record::Trial> run() {
    MIA_TRY_ASSIGN(request_, make_request(spec_.settings));
    (void)model::clear_manifest_cache();  // the method asks for it; a cache that cannot be cleared is not used either
    const std::optional<double> canary_before = canary();
    gpus_before_ = gpus();
    greet();
    if (trial_.outcome.ok()) {
      measure();
      trial_.conditions.canary_before_gb_s = canary_before;
      trial_.conditions.canary_after_gb_s = canary();
      if (runtime_.real_time) {
        trial_.conditions.voided_by = host::voided_by(
            trial_.conditions, gates_for(trial_, spec_.worker.runtime.devices, bench_.bandwidth.at(canary_threads())));
      }
      bench_.bandwidth.learn(canary_threads(), trial_.conditions);
    }
    finish();
    return std::move(trial_);
  }

 private:
  void greet() {
    note("starting the worker");
    const TimeLimit limit = limit_of(Phase::greeting, 1);
    auto greeting = worker_.start(spec_.worker, limit.seconds);
    keep_limit(limit);
    if (!greeting) {
      cannot(Phase::greeting, greeting.error());
    } else if (accept(*greeting, Phase::greeting, 1)) {
      trial_.phases.spawn_ms = greeting->wall_ms;
      runtime_ = std::move(greeting->value->runtime);
    }
  }

  // What this machine does not give to one trial is that trial's outcome: the sweep goes on.
  void cannot(Phase phase, const Error& error) {
    trial_.outcome.kind =
        error.kind == ErrorKind::interrupted ? record::OutcomeKind::cancelled : record::OutcomeKind::refused;
    trial_.outcome.phase = phase;
    trial_.outcome.reason = error.text();
  }

  // The timed part, between two readings of the machine's counters.
  void measure() {
    if (!prepare_cache()) {
      return;
    }
    const double cpu_before = worker_.cpu_seconds();
    const host::Snapshot before = host::snapshot(bench_.gpu);
    if (bench_.gpu != nullptr && bench_.gpu->available()) {
      watch_.emplace(*bench_.gpu);
    }
    const bool done = load() && make_context() && warm_up() && generate();
    const host::Snapshot after = host::snapshot(bench_.gpu);
    trial_.conditions = host::between(before, after, worker_.cpu_seconds() - cpu_before);
    if (watch_) {
      const host::GpuSummary seen = watch_->stop();
      host::add_gpu(trial_.conditions, seen);
      gpu_ = seen.index;
    }
    if (runtime_.own_process) {
      trial_.peak_rss_bytes = worker_.peak_rss_bytes();
    } else {
      trial_.conditions.other_cpu_s.reset();  // the server would count among the others
    }
    if (done) {
      prove_graph();
    }
    if (done && worker_.alive()) {
      note("ending the worker");
      // A worker that measured well and then dies on leaving has a defect that the trial must show.
      (void)accept(worker_.shut_down(limit_of(Phase::shutdown, 1).seconds), Phase::shutdown, 1);
    }
  }

  bool prepare_cache() {
    trial_.cache.requested = spec_.settings.run.cache.value_or("cold");
    if (!runtime_.model_file || !runtime_.load_phase) {
      return true;
    }
    note(fmt::format("making the page cache {}", trial_.cache.requested));
    auto proof = host::prepare_cache(record::files_of(spec_.model), trial_.cache.requested, proc::interrupted);
    if (!proof) {
      cannot(Phase::load, proof.error());
      return false;
    }
    trial_.cache = std::move(*proof);
    return true;
  }

  bool load() {
    note("loading the model");
    const TimeLimit limit = limit_of(Phase::load, 1);
    keep_limit(limit);
    auto loaded = worker_.load({spec_.model.path, spec_.settings, context_bound(request_)}, limit.seconds);
    if (!accept(loaded, Phase::load, 1)) {
      return false;
    }
    if (runtime_.load_phase) {
      trial_.phases.load_ms = loaded.value->load_ms.value_or(loaded.wall_ms);
      trial_.phases.load_ms_source = loaded.value->load_ms ? "event" : "manual";
    }
    take(loaded.value->buffers, loaded.value->facts);
    return true;
  }

  bool make_context() {
    note("counting the prompt's tokens");
    const client::Answer<std::int64_t> needed = context_needed(worker_, request_, limit_of(Phase::probe, 1).seconds);
    if (!needed.ok()) {
      return accept(needed, Phase::probe, 1);
    }
    note("creating the context");
    const TimeLimit limit = limit_of(Phase::context, 1);
    auto ready = worker_.make_context({spec_.settings, *needed.value}, limit.seconds);
    if (!accept(ready, Phase::context, 1)) {
      return false;
    }
    trial_.effective = ready.value->effective;
    trial_.phases.context_ms = ready.value->create_ms;
    take(ready.value->buffers, ready.value->facts);
    return true;
  }

  bool warm_up() {
    const std::int64_t most = spec_.settings.run.warmup_max.value_or(10);
    if (most == 0) {
      return true;
    }
    note("warming up");
    const TimeLimit limit = limit_of(Phase::warm_up, most);
    keep_limit(limit);
    proto::Generate request = request_;
    request.max_tokens = std::min(request.max_tokens, spec_.settings.run.warmup_tokens.value_or(request.max_tokens));
    auto warmed = worker_.warm_up({request, most}, limit.seconds);
    const auto runs = warmed.ok() ? static_cast<std::int64_t>(warmed.value->runs.size()) : 1;
    if (!accept(warmed, Phase::warm_up, runs)) {
      return false;
    }
    trial_.warm_up_steady = warmed.value->steady;
    for (record::Run& run : warmed.value->runs) {
      run.warm_up = true;
      trial_.runs.push_back(std::move(run));
    }
    return true;
  }

  bool generate() {
    for (std::int64_t i = 0; i < spec_.settings.run.runs.value_or(1); ++i) {
      note("measuring");
      const TimeLimit limit = limit_of(Phase::generate, 1);
      keep_limit(limit);
      const std::optional<double> joules = energy_j();
      const std::vector<std::int64_t> packages = packages_.read();
      auto generated = worker_.generate(request_, limit.seconds);
      if (!accept(generated, Phase::generate, 1)) {
        return false;
      }
      if (const auto after = energy_j(); joules && after && *after > *joules) {  // the counter moves in steps
        generated.value->run.energy_j = *after - *joules;
      }
      if (runtime_.real_time) {
        generated.value->run.cpu_energy_j = packages_.joules(packages, packages_.read());
      }
      const bool empty = generated.value->run.token_ns.empty();
      trial_.runs.push_back(std::move(generated.value->run));
      if (empty) {
        trial_.outcome.kind = record::OutcomeKind::invalid;
        trial_.outcome.phase = Phase::generate;
        trial_.outcome.checks = {
            "the model ended its text before the first token; change workload.prompt or set "
            "workload.ignore_eos=true"};
        return false;
      }
    }
    return true;
  }

  // Untimed and after all that is timed: a probe that fails costs the proof, not the trial.
  void prove_graph() {
    if (!spec_.graph) {
      return;
    }
    note("proving what ran where");
    const auto told = worker_.probe({"graph", Json::object()}, limit_of(Phase::probe, 1).seconds);
    auto graph = told.ok() ? record::graph_from_json(told.value->result)
                           : Result<record::Graph>(fail(ErrorKind::worker, "{}", record::describe(told.outcome)));
    if (graph) {
      trial_.graph = std::move(*graph);
    } else {
      trial_.graph_reason = graph.error().text();
    }
  }

  [[nodiscard]] std::vector<host::GpuState> gpus() const {
    return bench_.gpu != nullptr ? bench_.gpu->read() : std::vector<host::GpuState>();
  }

  [[nodiscard]] std::optional<double> energy_j() { return watch_ ? watch_->energy_j() : std::nullopt; }

  [[nodiscard]] std::optional<std::int64_t> gpu_memory(const std::vector<host::GpuState>& states) const {
    return gpu_ < states.size() ? states[gpu_].memory_used_bytes : std::nullopt;
  }

  // Before the worker was there and after it was gone: what it took, and whether all came back.
  void add_gpu_memory() {
    record::Conditions& seen = trial_.conditions;
    seen.gpu_memory_before_bytes = gpu_memory(gpus_before_);
    seen.gpu_memory_after_bytes = gpu_memory(gpus());
    if (runtime_.own_process && gpu_ < gpus_before_.size() && gpus_before_[gpu_].processes) {
      seen.gpu_other_processes = std::ssize(*gpus_before_[gpu_].processes);
    }
  }

  // Keeps the outcome of a phase that failed, learns the time of one that did not.
  template <class T>
  bool accept(const client::Answer<T>& answer, Phase phase, std::int64_t runs) {
    if (!answer.ok()) {
      trial_.outcome = answer.outcome;
      if (answer.outcome.kind == record::OutcomeKind::timed_out && trial_.outcome.reason.empty()) {
        trial_.outcome.reason =
            fmt::format("no answer within {}, the limit from {}", human_seconds(limit_.seconds), limit_.source);
      }
      return false;
    }
    bench_.limits.learn(phase, work(runs), answer.wall_ms / 1000.0);
    return true;
  }

  void finish() {
    worker_.kill();
    if (const std::string& why = packages_.reason(); !runtime_.real_time || !why.empty()) {
      trial_.facts["cpu_energy_unread"] = runtime_.real_time ? why : "scripted times use no energy";
    }
    add_gpu_memory();
    trial_.log_tail = worker_.log_tail();
    record::explain(trial_.outcome, worker_.log_tail(client::kLogRead));
    if (!trial_.runs.empty() && !trial_.runs.front().token_ns.empty()) {
      record::Phases& phases = trial_.phases;
      phases.first_token_ms = static_cast<double>(trial_.runs.front().token_ns.front()) / kNsPerMs;
      if (phases.spawn_ms && phases.load_ms && phases.context_ms) {
        phases.time_to_ready_ms = *phases.spawn_ms + *phases.load_ms + *phases.context_ms + *phases.first_token_ms;
      }
    }
  }

  void take(const std::vector<record::BufferSize>& buffers, const std::map<std::string, std::string>& facts) {
    trial_.buffers.insert(trial_.buffers.end(), buffers.begin(), buffers.end());
    for (const auto& [name, value] : facts) {
      trial_.facts.insert_or_assign(name, value);
    }
  }

  [[nodiscard]] TimeLimits::Work work(std::int64_t runs) const {
    return work_of(spec_.settings, spec_.model, context_bound(request_), runs);
  }

  TimeLimit limit_of(Phase phase, std::int64_t runs) {
    limit_ = bench_.limits.limit(phase, work(runs));
    return limit_;
  }

  void keep_limit(const TimeLimit& limit) {
    if (limit.seconds > trial_.timeout_s.value_or(0)) {
      trial_.timeout_s = limit.seconds;
      trial_.timeout_source = limit.source;
    }
  }

  void note(std::string_view what) const {
    if (bench_.on_phase) {
      bench_.on_phase(what);
    }
  }

  std::optional<double> canary() {
    if (bench_.canary == nullptr || !spec_.settings.run.canary.value_or(true)) {
      return std::nullopt;
    }
    return bench_.canary->measure_gb_s(canary_threads());
  }

  [[nodiscard]] int canary_threads() const {
    const auto cores = bench_.machine.allowed_cpus.value_or(1);
    const auto threads = std::min(spec_.settings.llm.n_threads.value_or(cores), cores);
    return static_cast<int>(std::max<std::int64_t>(threads, 1));
  }

  const TrialSpec& spec_;
  Bench& bench_;
  record::Trial trial_;
  proto::Generate request_;
  TimeLimit limit_;  // of the phase that was begun last
  client::Worker worker_;
  record::RuntimeInfo runtime_;  // as it greeted
  std::optional<host::GpuWatch> watch_;
  std::vector<host::GpuState> gpus_before_;
  host::PackageEnergy packages_;
  std::size_t gpu_ = 0;  // the one that the trial used most
};

}  // namespace

std::map<std::string, std::string> trial_environment(const record::Settings& settings) {
  std::map<std::string, std::string> env;
  if (settings.llm.cuda_launch_blocking.value_or(false)) {
    env["CUDA_LAUNCH_BLOCKING"] = "1";
  }
  return env;
}

record::Gates gates_for(const record::Trial& trial, const std::vector<record::Device>& devices,
                        const std::optional<record::UsualBandwidth>& bandwidth) {
  const auto got = trial.facts.find("offloaded_layers");
  const auto all = trial.facts.find("model_layers");
  const record::LlmSettings& llm = trial.requested.llm;
  record::Gates gates;
  const bool own_memory = std::ranges::count(devices, "gpu", &record::Device::type) > 0 &&
                          std::ranges::count(devices, "igpu", &record::Device::type) == 0;
  const bool reads_none = own_memory && got != trial.facts.end() && all != trial.facts.end() &&
                          got->second == all->second && llm.n_cpu_moe.value_or(0) == 0 && !llm.override_tensor &&
                          llm.offload_kqv.value_or(true);
  if (!reads_none) {
    gates.bandwidth = bandwidth;
  }
  return gates;
}

Result<record::Trial> run_trial(const TrialSpec& spec, Bench& bench) {
  return TrialRun(spec, bench).run();
}

}  // namespace mia::measure
