// SPDX-License-Identifier: MIT
#include "record/trial.h"

#include "record/fields.h"
#include "record/json_members.h"

namespace mia::record {

// Not in an unnamed namespace: the readers find `each` by argument-dependent lookup.

template <class R, class F>
static void each_run(R& x, F f) {
  f("warm_up", x.warm_up);
  f("input", x.input);
  f("prompt_tokens", x.prompt_tokens);
  f("tokens_out", x.tokens_out);
  f("words_out", x.words_out);
  f("tokenize_ns", x.tokenize_ns);
  f("prefill_ns", x.prefill_ns);
  f("token_ns", x.token_ns);
  f("stop_reason", x.stop_reason);
  f("text", x.text);
  f("minor_faults", x.minor_faults);
  f("major_faults", x.major_faults);
  f("voluntary_switches", x.voluntary_switches);
  f("involuntary_switches", x.involuntary_switches);
  f("energy_j", x.energy_j);
  f("cpu_energy_j", x.cpu_energy_j);
}
template <class F>
static void each(Run& x, F f) {
  each_run(x, f);
}
template <class F>
static void each(const Run& x, F f) {
  each_run(x, f);
}

template <class C, class F>
static void each_condition(C& x, F f) {
  f("wall_s", x.wall_s);
  f("steal_s", x.steal_s);
  f("psi_cpu_some_s", x.psi_cpu_some_s);
  f("psi_memory_some_s", x.psi_memory_some_s);
  f("psi_io_some_s", x.psi_io_some_s);
  f("other_cpu_s", x.other_cpu_s);
  f("watched_cpus", x.watched_cpus);
  f("load1", x.load1);
  f("frequency_mhz_before", x.frequency_mhz_before);
  f("frequency_mhz_after", x.frequency_mhz_after);
  f("throttle_events", x.throttle_events);
  f("free_memory_bytes", x.free_memory_bytes);
  f("swap_in_pages", x.swap_in_pages);
  f("canary_before_gb_s", x.canary_before_gb_s);
  f("canary_after_gb_s", x.canary_after_gb_s);
  f("gpu_sm_clock_mhz", x.gpu_sm_clock_mhz);
  f("gpu_memory_clock_mhz", x.gpu_memory_clock_mhz);
  f("gpu_temperature_c", x.gpu_temperature_c);
  f("gpu_power_w", x.gpu_power_w);
  f("gpu_throttle_reasons", x.gpu_throttle_reasons);
  f("gpu_memory_used_bytes", x.gpu_memory_used_bytes);
  f("gpu_memory_before_bytes", x.gpu_memory_before_bytes);
  f("gpu_memory_after_bytes", x.gpu_memory_after_bytes);
  f("gpu_other_processes", x.gpu_other_processes);
  f("gpu_pcie_generation", x.gpu_pcie_generation);
  f("voided_by", x.voided_by);
}
template <class F>
static void each(Conditions& x, F f) {
  each_condition(x, f);
}
template <class F>
static void each(const Conditions& x, F f) {
  each_condition(x, f);
}

// The plain members of a trial, with those of its small parts flattened in.
template <class T, class F>
static void each_trial(T& x, F f) {
  f("id", x.id);
  f("cell", x.cell);
  f("repeat", x.repeat);
  f("position", x.position);
  f("started", x.started);
  f("spawn_ms", x.phases.spawn_ms);
  f("load_ms", x.phases.load_ms);
  f("load_ms_source", x.phases.load_ms_source);
  f("context_ms", x.phases.context_ms);
  f("first_token_ms", x.phases.first_token_ms);
  f("time_to_ready_ms", x.phases.time_to_ready_ms);
  f("cache_requested", x.cache.requested);
  f("cache_state", x.cache.state);
  f("cache_resident_fraction", x.cache.resident_fraction);
  f("warm_up_steady", x.warm_up_steady);
  f("peak_rss_bytes", x.peak_rss_bytes);
  f("graph_reason", x.graph_reason);
  f("facts", x.facts);
  f("log_tail", x.log_tail);
  f("timeout_s", x.timeout_s);
  f("timeout_source", x.timeout_source);
}
template <class F>
static void each(Trial& x, F f) {
  each_trial(x, f);
}
template <class F>
static void each(const Trial& x, F f) {
  each_trial(x, f);
}

namespace {

Failure wrong_type(std::string_view what, std::string_view key) {
  return fail(ErrorKind::protocol, "{}: '{}' has a wrong type", what, key);
}

Status read_runs(const Json& json, std::vector<Run>& runs) {
  const auto list = json.find("runs");
  if (list == json.end() || list->is_null()) {
    return {};
  }
  if (!list->is_array()) {
    return wrong_type("trial", "runs");
  }
  for (const Json& item : *list) {
    MIA_TRY_ASSIGN(Run run, run_from_json(item));
    runs.push_back(std::move(run));
  }
  return {};
}

}  // namespace

Json to_json(const std::vector<BufferSize>& buffers) {
  Json json = Json::array();
  for (const BufferSize& buffer : buffers) {
    json.push_back({{"device", buffer.device}, {"kind", buffer.kind}, {"bytes", buffer.bytes}});
  }
  return json;
}

std::vector<BufferSize> buffers_from_json(const Json& list) {
  std::vector<BufferSize> buffers;
  for (const Json& item : list.is_array() ? list : Json::array()) {
    buffers.push_back({get_string(item, "device").value_or(""), get_string(item, "kind").value_or(""),
                       get_int(item, "bytes").value_or(0)});
  }
  return buffers;
}

Json to_json(const Run& run) {
  return members_to_json(run);
}

Result<Run> run_from_json(const Json& json) {
  Run run;
  if (!json.is_object()) {
    return fail(ErrorKind::protocol, "a run is not an object");
  }
  if (const auto wrong = members_from_json(json, run)) {
    return wrong_type("run", *wrong);
  }
  if (run.tokens_out != static_cast<std::int64_t>(run.token_ns.size())) {
    return fail(ErrorKind::protocol, "run: tokens_out is {} but there are {} token stamps", run.tokens_out,
                run.token_ns.size());
  }
  return run;
}

Json to_json(const Conditions& conditions) {
  return members_to_json(conditions);
}

Conditions conditions_from_json(const Json& json) {
  Conditions conditions;
  if (json.is_object()) {
    (void)members_from_json(json, conditions);
  }
  return conditions;
}

Json to_json(const Trial& trial) {
  Json json = members_to_json(trial);
  json["requested"] = to_json(trial.requested);
  json["effective"] = to_json(trial.effective, true);
  json["outcome"] = to_json(trial.outcome);
  json["conditions"] = to_json(trial.conditions);
  json["graph"] = trial.graph ? to_json(*trial.graph) : Json(nullptr);
  json["runs"] = Json::array();
  for (const Run& run : trial.runs) {
    json["runs"].push_back(to_json(run));
  }
  json["buffers"] = to_json(trial.buffers);
  return json;
}

Result<Trial> trial_from_json(const Json& json) {
  Trial trial;
  if (!json.is_object()) {
    return fail(ErrorKind::protocol, "a trial is not an object");
  }
  if (const auto wrong = members_from_json(json, trial)) {
    return wrong_type("trial", *wrong);
  }
  MIA_TRY_ASSIGN(trial.requested, settings_from_json(get_member(json, "requested")));
  MIA_TRY_ASSIGN(trial.effective, settings_from_json(get_member(json, "effective")));
  MIA_TRY_ASSIGN(trial.outcome, outcome_from_json(get_member(json, "outcome")));
  trial.conditions = conditions_from_json(get_member(json, "conditions"));
  if (const Json& graph = get_member(json, "graph"); !graph.empty()) {
    MIA_TRY_ASSIGN(trial.graph, graph_from_json(graph));
  }
  MIA_TRY(read_runs(json, trial.runs));
  trial.buffers = buffers_from_json(get_member(json, "buffers"));
  return trial;
}

}  // namespace mia::record
