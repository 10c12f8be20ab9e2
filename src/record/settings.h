// SPDX-License-Identifier: MIT
// Everything a trial can be asked to do. One parameter = one row of the field table (fields.cc) + one member here.
// nullopt means "auto": the runtime (or the tool, where the row says so) decides; what it decided is reported as the
// effective value, in a second Settings of the same shape.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace mia::record {

using OptInt = std::optional<std::int64_t>;
using OptDouble = std::optional<double>;
using OptBool = std::optional<bool>;
using OptString = std::optional<std::string>;

// llm.primary.*: how the runtime loads the model and computes.
struct LlmSettings {
  OptString id;            // catalogue id or path of the GGUF file
  OptInt n_threads;        // threads for decode
  OptInt n_threads_batch;  // threads for prefill
  OptInt n_ctx;            // KV cache size in tokens
  OptInt n_batch;          // logical batch of prefill, tokens
  OptInt n_ubatch;         // physical batch, tokens
  OptInt n_gpu_layers;     // layers on the GPU
  OptInt n_cpu_moe;        // layers whose expert tensors stay on the CPU
  OptString flash_attn;    // on | off
  OptString cache_type_k;  // f16, q8_0, ...
  OptString cache_type_v;
  OptString load_mode;        // mmap | mlock | none | direct
  OptString override_tensor;  // pattern=buffer type[,...]
  OptString split_mode;       // none | layer | row
  OptInt main_gpu;
  OptBool offload_kqv;
  OptBool op_offload;
  OptInt poll;               // 0..100, how eagerly idle threads spin
  OptString cpu_mask;        // CPUs that the threads may use, hexadecimal, CPU 0 the last bit
  OptBool cpu_strict;        // each thread on a CPU of its own
  OptInt max_output_tokens;  // the assistant's own limit, reported as cfg_max_output_tokens
  OptBool cuda_launch_blocking;

  bool operator==(const LlmSettings&) const = default;
};

// workload.*: what is computed and measured.
struct WorkloadSettings {
  OptString name;         // short | long | prefill | user's own
  OptString input;        // text | tokens
  OptInt max_tokens;      // tokens to produce
  OptInt prompt_tokens;   // tokens mode: length of the random prompt
  OptString prompt;       // text mode: the prompt itself
  OptString prompt_file;  // text mode: a file that holds it
  OptBool ignore_eos;     // text mode: go on after end of text
  OptBool stream;         // text mode: the text of each token at once
  OptBool sample;         // text mode: choose each token; false feeds those of an earlier run
  OptBool wait;           // wait for the device after each token
  OptDouble temperature;  // 0 = greedy
  OptInt seed;
  // Deliberate slowness, so that tests of the method have something to find.
  OptDouble inject_slow;     // fraction of its own time by which each token takes longer
  OptDouble inject_read_mb;  // further megabytes read from memory for each token
  OptDouble inject_stall;    // share of the tokens that take 50 ms longer

  bool operator==(const WorkloadSettings&) const = default;
};

// run.*: how the trial is carried out.
struct RunSettings {
  OptString runtime;       // installed runtime's name
  OptString cache;         // page cache before load: cold | warm | as-is
  OptInt repeats;          // trials per cell
  OptInt runs;             // measured runs per trial
  OptInt warmup_max;       // most warm-up runs per trial
  OptInt warmup_tokens;    // most tokens of a warm-up run
  OptDouble timeout_s;     // per phase; auto = from similar trials
  OptBool latency_dist;    // histogram and percentiles in every scenario (MIA_PERF_LATENCY_DIST)
  OptBool canary;          // bandwidth canary before and after each trial
  OptBool graph;           // prove by one untimed decode what ran where
  OptInt seed;             // order of the plan
  OptString quality_file;  // text that models are scored on
  OptInt quality_chunks;   // windows of 512 tokens of it, at most

  bool operator==(const RunSettings&) const = default;
};

// perf.thresholds.*: the seed's fixed limits.
struct ThresholdSettings {
  OptDouble load_ms_max;
  OptDouble short_tps_min;
  OptDouble long_tps_min;
  OptDouble short_tps_drop;  // fraction of the accepted report
  OptDouble long_tps_drop;
  OptDouble p95_ratio_max;    // p95 long / p95 short
  OptDouble p95_short_drift;  // fraction, run to run
  OptDouble p95_ratio_rise;   // fraction; over it sets regression_flag
  OptDouble perplexity_rise;  // fraction of the first model's; over it no model is decided for

  bool operator==(const ThresholdSettings&) const = default;
};

struct Settings {
  LlmSettings llm;
  WorkloadSettings workload;
  RunSettings run;
  ThresholdSettings thresholds;

  bool operator==(const Settings&) const = default;
};

[[nodiscard]] inline Settings without_slowness(Settings settings) {
  settings.workload.inject_slow.reset();
  settings.workload.inject_read_mb.reset();
  settings.workload.inject_stall.reset();
  return settings;
}
[[nodiscard]] inline bool is_slowed(const Settings& settings) {
  return settings != without_slowness(settings);
}

}  // namespace mia::record
