// SPDX-License-Identifier: MIT
#include "record/metrics.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/clock.h"
#include "base/text.h"
#include "stats/summary.h"

namespace mia::record {
namespace {

using RunMetric = std::optional<double> (*)(const Run&);

// Median of a run's figure over the measured runs.
template <RunMetric kOf>
std::optional<double> over_runs(const Trial& trial) {
  std::vector<double> values;
  for (const Run* const run : measured(trial)) {
    if (const auto value = kOf(*run)) {
      values.push_back(*value);
    }
  }
  return stats::median(values);
}

std::optional<double> latency(const Run& run) {
  return run.token_ns.empty() ? std::nullopt : std::optional(gen_latency_s(run));
}
std::optional<double> tokens_out(const Run& run) {
  return static_cast<double>(run.tokens_out);
}
std::optional<double> words_out(const Run& run) {
  return run.words_out ? std::optional(static_cast<double>(*run.words_out)) : std::nullopt;
}
std::optional<double> prompt_tokens(const Run& run) {
  return static_cast<double>(run.prompt_tokens);
}
std::optional<double> p50(const Run& run) {
  return stats::floor_percentile(decode_intervals_ms(run), 0.50);
}
std::optional<double> p95(const Run& run) {
  return stats::floor_percentile(decode_intervals_ms(run), 0.95);
}
std::optional<double> mean(const Run& run) {
  return stats::mean(decode_intervals_ms(run));
}
std::optional<double> sample_count(const Run& run) {
  return static_cast<double>(decode_intervals_ms(run).size());
}
template <std::optional<double> Run::*kJoules>
std::optional<double> energy(const Run& run) {
  const auto joules = run.*kJoules;
  return joules && run.tokens_out > 0 ? std::optional(*joules / static_cast<double>(run.tokens_out)) : std::nullopt;
}

template <std::optional<double> Phases::*kMember>
std::optional<double> phase(const Trial& trial) {
  return trial.phases.*kMember;
}
std::optional<double> gpu_memory(const Trial& trial) {
  const Conditions& seen = trial.conditions;
  return seen.gpu_memory_used_bytes && seen.gpu_memory_before_bytes
             ? std::optional(static_cast<double>(*seen.gpu_memory_used_bytes - *seen.gpu_memory_before_bytes))
             : std::nullopt;
}
std::optional<double> peak_rss(const Trial& trial) {
  return trial.peak_rss_bytes ? std::optional(static_cast<double>(*trial.peak_rss_bytes)) : std::nullopt;
}

// clang-format off
constexpr auto kMetrics = std::to_array<Metric>({
  {"load_ms", "load", "ms", "loading the model, in the worker", Better::lower, 1, phase<&Phases::load_ms>},
  {"gen_latency_s", "gen", "s", "request to last token, prompt evaluation included", Better::lower, 3, over_runs<latency>},
  {"tokens_per_s", "tok/s", "tok/s", "tokens_out / gen_latency_s", Better::higher, 2, over_runs<tokens_per_s>},
  {"tokens_out", "tokens", "tokens", "tokens produced", Better::neither, 0, over_runs<tokens_out>},
  {"words_out", "words", "words", "words produced, split on spaces (text input only)", Better::neither, 0, over_runs<words_out>},
  {"prompt_tokens", "prompt", "tokens", "tokens of the prompt", Better::neither, 0, over_runs<prompt_tokens>},
  {"ttft_ms", "TTFT", "ms", "request to first token", Better::lower, 1, over_runs<ttft_ms>},
  {"prefill_tok_s", "prefill", "tok/s", "prompt tokens / time to evaluate them", Better::higher, 1, over_runs<prefill_tok_s>},
  {"decode_tok_s", "decode", "tok/s", "tokens after the first / their time", Better::higher, 2, over_runs<decode_tok_s>},
  {"p50_decode_ms", "p50", "ms", "median inter-token latency", Better::lower, 2, over_runs<p50>},
  {"p95_decode_ms", "p95", "ms", "95th percentile of the inter-token latency, floor index", Better::lower, 2, over_runs<p95>},
  {"mean_decode_ms", "mean", "ms", "mean inter-token latency", Better::lower, 2, over_runs<mean>},
  {"sample_count", "samples", "", "inter-token intervals of one run, tokens_out - 1", Better::neither, 0, over_runs<sample_count>},
  {"fast_quarter_ms", "fast 25 %", "ms", "mean of the fastest quarter of the inter-token latencies", Better::lower, 3, over_runs<fast_quarter_ms>},
  {"peak_rss_bytes", "peak RSS", "bytes", "largest resident memory of the worker", Better::lower, 0, peak_rss},
  {"spawn_ms", "spawn", "ms", "spawn of the worker to its greeting", Better::lower, 1, phase<&Phases::spawn_ms>},
  {"context_ms", "context", "ms", "creating the context", Better::lower, 1, phase<&Phases::context_ms>},
  {"time_to_ready_ms", "ready", "ms", "spawn, load, context and first token together", Better::lower, 1, phase<&Phases::time_to_ready_ms>},
  {"gpu_memory_bytes", "GPU memory", "bytes", "GPU memory in use at most, over what was in use before the worker, by the driver", Better::lower, 0, gpu_memory},
  {"energy_j_per_token", "energy per token", "J", "GPU energy per produced token", Better::lower, 3, over_runs<energy<&Run::energy_j>>},
  {"cpu_energy_j_per_token", "CPU energy per token", "J", "energy of all CPU packages (RAPL, whatever runs on them) per produced token", Better::lower, 3, over_runs<energy<&Run::cpu_energy_j>>},
});
// clang-format on

}  // namespace

std::span<const Metric> metrics() {
  return kMetrics;
}

const Metric* find_metric(std::string_view name) {
  const auto* const row = std::ranges::find(kMetrics, name, &Metric::name);
  return row == kMetrics.end() ? nullptr : row;
}

std::string metric_name(std::string_view text) {
  const auto* const row =
      std::ranges::find_if(kMetrics, [&](const Metric& metric) { return lower(metric.heading) == lower(text); });
  return std::string(row == kMetrics.end() ? text : row->name);
}

double gen_latency_s(const Run& run) {
  return run.token_ns.empty() ? 0.0 : static_cast<double>(run.token_ns.back()) / kNsPerS;
}

std::optional<double> tokens_per_s(const Run& run) {
  const double seconds = gen_latency_s(run);
  return seconds > 0 ? std::optional(static_cast<double>(run.tokens_out) / seconds) : std::nullopt;
}

std::optional<double> ttft_ms(const Run& run) {
  return run.token_ns.empty() ? std::nullopt : std::optional(static_cast<double>(run.token_ns.front()) / kNsPerMs);
}

std::optional<double> prefill_tok_s(const Run& run) {
  return run.prefill_ns > 0 && run.prompt_tokens > 0
             ? std::optional(static_cast<double>(run.prompt_tokens) * kNsPerS / static_cast<double>(run.prefill_ns))
             : std::nullopt;
}

std::optional<double> decode_tok_s(const Run& run) {
  if (run.token_ns.size() < 2 || run.token_ns.back() <= run.token_ns.front()) {
    return std::nullopt;
  }
  return static_cast<double>(run.token_ns.size() - 1) * kNsPerS /
         static_cast<double>(run.token_ns.back() - run.token_ns.front());
}

std::vector<double> decode_intervals_ms(const Run& run) {
  std::vector<double> intervals;
  for (std::size_t i = 1; i < run.token_ns.size(); ++i) {
    intervals.push_back(static_cast<double>(run.token_ns[i] - run.token_ns[i - 1]) / kNsPerMs);
  }
  return intervals;
}

std::optional<double> fast_quarter_ms(const Run& run) {
  return stats::fastest_quarter_mean(decode_intervals_ms(run));
}

std::vector<const Run*> measured(const Trial& trial) {
  std::vector<const Run*> runs;
  for (const Run& run : trial.runs) {
    if (!run.warm_up) {
      runs.push_back(&run);
    }
  }
  return runs;
}

}  // namespace mia::record
