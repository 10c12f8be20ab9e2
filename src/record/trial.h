// SPDX-License-Identifier: MIT
// What one execution of a cell left behind. Times inside a run are nanoseconds of the worker's steady clock since the
// request began; everything unknown is nullopt, never 0.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "record/graph.h"
#include "record/members.h"
#include "record/outcome.h"
#include "record/settings.h"

namespace mia::record {

// One prompt + decode pass.
struct Run {
  bool warm_up = false;
  std::string input;  // "text" | "tokens"
  std::int64_t prompt_tokens = 0;
  std::int64_t tokens_out = 0;              // = token_ns.size()
  std::optional<std::int64_t> words_out;    // text mode only
  std::optional<std::int64_t> tokenize_ns;  // text mode: spent before the prefill
  std::int64_t prefill_ns = 0;              // evaluation of the prompt alone, synchronized
  std::vector<std::int64_t> token_ns;       // stamp of each token since the request began; the first one is TTFT
  std::string stop_reason;                  // "length" | "end_of_text"
  std::optional<std::string> text;          // text mode: what came out, bounded
  std::optional<std::int64_t> chunks;       // of a server: pieces that the tokens came in; those of one share a stamp
  std::optional<std::int64_t> minor_faults;
  std::optional<std::int64_t> major_faults;
  std::optional<std::int64_t> voluntary_switches;
  std::optional<std::int64_t> involuntary_switches;
  std::optional<double> energy_j;      // of the GPUs
  std::optional<double> cpu_energy_j;  // of all CPU packages
};
MIA_MEMBERS(Run, warm_up, input, prompt_tokens, tokens_out, words_out, tokenize_ns, prefill_ns, token_ns, stop_reason,
            text, chunks, minor_faults, major_faults, voluntary_switches, involuntary_switches, energy_j, cpu_energy_j)
[[nodiscard]] std::optional<std::string> contradiction(const Run& run);  // of its members; found where one is read

// What disturbed the trial: differences between just before the load and just after the last run.
struct Conditions {
  std::optional<double> wall_s;
  std::optional<double> steal_s;  // CPU seconds taken by the hypervisor
  std::optional<double> psi_cpu_some_s;
  std::optional<double> psi_memory_some_s;
  std::optional<double> psi_io_some_s;
  std::optional<double> other_cpu_s;         // CPU seconds used by everybody but this trial
  std::optional<std::int64_t> watched_cpus;  // bound to part of the machine: steal and others are of these CPUs alone
  std::optional<double> load1;
  std::optional<double> frequency_mhz_before;
  std::optional<double> frequency_mhz_after;
  std::optional<std::int64_t> throttle_events;
  std::optional<std::int64_t> free_memory_bytes;  // MemAvailable before the trial
  std::optional<std::int64_t> swap_in_pages;
  std::optional<double> canary_before_gb_s;  // read bandwidth, same threads as the run
  std::optional<double> canary_after_gb_s;
  std::optional<double> gpu_sm_clock_mhz;
  std::optional<double> gpu_memory_clock_mhz;
  std::optional<double> gpu_temperature_c;
  std::optional<double> gpu_power_w;
  std::optional<std::int64_t> gpu_throttle_reasons;     // NVML bit mask seen during the trial
  std::optional<std::int64_t> gpu_memory_used_bytes;    // most during the trial, by the driver
  std::optional<std::int64_t> gpu_memory_before_bytes;  // before the worker was there
  std::optional<std::int64_t> gpu_memory_after_bytes;   // after it was gone
  std::optional<std::int64_t> gpu_other_processes;      // on the GPUs before the worker was there
  std::optional<std::int64_t> gpu_pcie_generation;      // highest that was seen: an idle link steps down
  std::vector<std::string> voided_by;                   // empty: the trial counts
};
MIA_MEMBERS(Conditions, wall_s, steal_s, psi_cpu_some_s, psi_memory_some_s, psi_io_some_s, other_cpu_s, watched_cpus,
            load1, frequency_mhz_before, frequency_mhz_after, throttle_events, free_memory_bytes, swap_in_pages,
            canary_before_gb_s, canary_after_gb_s, gpu_sm_clock_mhz, gpu_memory_clock_mhz, gpu_temperature_c,
            gpu_power_w, gpu_throttle_reasons, gpu_memory_used_bytes, gpu_memory_before_bytes, gpu_memory_after_bytes,
            gpu_other_processes, gpu_pcie_generation, voided_by)

// Proof of the page cache's state just before the load.
struct CacheProof {
  std::string requested;                    // cold | warm | as-is
  std::string state = "unknown";            // cold | warm | unknown
  std::optional<double> resident_fraction;  // by mincore
};

// Times of the phases in milliseconds.
struct Phases {
  std::optional<double> spawn_ms;  // spawn to greeting
  std::optional<double> load_ms;
  std::string load_ms_source = "event";  // "event": ModelLoaded.load_ms; "manual": the coordinator's wall time
  std::optional<double> context_ms;
  std::optional<double> first_token_ms;    // TTFT of the very first run, warm-up included
  std::optional<double> time_to_ready_ms;  // spawn + load + context + first token
};
MIA_MEMBERS(Phases, spawn_ms, load_ms, load_ms_source, context_ms, first_token_ms, time_to_ready_ms)

struct BufferSize {
  std::string device;  // "CPU", "CUDA0"
  std::string kind;    // model | kv | compute | output
  std::int64_t bytes = 0;
};
MIA_MEMBERS(BufferSize, device, kind, bytes)

struct Trial {
  std::string id;             // session id + plan position
  std::string cell;           // key of the cell
  std::int64_t repeat = 0;    // 0-based
  std::int64_t position = 0;  // 0-based place in the plan's order
  std::string started;        // UTC
  Settings requested;
  Settings effective;  // only what the worker reported
  Outcome outcome;
  Phases phases;
  CacheProof cache;
  Conditions conditions;
  bool warm_up_steady = false;  // last 3 warm-up medians within 2 %
  std::vector<Run> runs;        // warm-up runs first
  std::optional<std::int64_t> peak_rss_bytes;
  std::vector<BufferSize> buffers;
  std::optional<Graph> graph;                // of one decode, untimed, after the runs; at most once per cell
  std::string graph_reason;                  // why there is none
  std::map<std::string, std::string> facts;  // mined from logs or told by the worker: "graph_splits", ...
  std::string log_tail;                      // bounded
  std::optional<double> timeout_s;           // limit of the longest phase
  std::string timeout_source;                // where that limit came from
};
template <Either<Trial> X, class F>
void each(X& x, F&& f) {
  MIA_FOR_EACH(MIA_MEMBER, id, cell, repeat, position, started, requested, conditions, warm_up_steady, runs)
  MIA_FOR_EACH(MIA_MEMBER, peak_rss_bytes, buffers, graph, graph_reason, facts, log_tail, timeout_s, timeout_source)
  f("effective", OnlySet{x.effective});
  f(needed("outcome"), x.outcome);
  each(x.phases, f);
  f("cache_requested", x.cache.requested);
  f("cache_state", x.cache.state);
  f("cache_resident_fraction", x.cache.resident_fraction);
}

[[nodiscard]] Json to_json(const Run& run);
[[nodiscard]] Result<Run> run_from_json(const Json& json);
[[nodiscard]] Result<Conditions> conditions_from_json(const Json& json);
[[nodiscard]] Json to_json(const Trial& trial);
[[nodiscard]] Result<Trial> trial_from_json(const Json& json);

}  // namespace mia::record
