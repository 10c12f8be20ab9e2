// SPDX-License-Identifier: MIT
#include "measure/report_builder.h"

#include <algorithm>
#include <cmath>

#include "base/clock.h"
#include "measure/decompose.h"
#include "measure/resolve.h"
#include "measure/summary.h"
#include "record/metrics.h"
#include "stats/drift.h"
#include "stats/histogram.h"

namespace mia::measure {
namespace {

using Counted = std::vector<const record::Trial*>;

// What a cell is held against: the first cell of the same part and workload.
const PlannedCell& reference_of(const Plan& plan, const PlannedCell& cell) {
  const auto at = std::ranges::find_if(plan.cells, [&](const PlannedCell& other) {
    return other.part == cell.part && other.settings.workload.name == cell.settings.workload.name;
  });
  return *at;
}

void add_outcomes(record::CellReport& report, std::span<const record::Trial> trials) {
  for (const record::Trial& trial : trials) {
    if (trial.cell == report.key) {
      ++report.outcomes[std::string(record::name_of(trial.outcome.kind))];
      if (!trial.outcome.ok()) {
        report.failure = record::describe(trial.outcome);
      }
    }
  }
}

void add_cache_state(record::CellReport& report, const Counted& trials) {
  for (const record::Trial* const trial : trials) {
    const std::string& state = trial->cache.state;
    report.cache_state = report.cache_state.empty() || report.cache_state == state ? state : "mixed";
  }
}

void add_histogram(record::CellReport& report, const Counted& trials) {
  std::vector<double> intervals;
  for (const record::Trial* const trial : trials) {
    for (const record::Run* const run : record::measured(*trial)) {
      const auto more = record::decode_intervals_ms(*run);
      intervals.insert(intervals.end(), more.begin(), more.end());
    }
  }
  for (const stats::Bucket& bucket : stats::latency_histogram(intervals)) {
    report.histogram.push_back({bucket.upper_ms, bucket.count});
  }
}

std::optional<double> median_of(const record::CellReport& report, const char* metric) {
  const auto at = report.metrics.find(metric);
  return at == report.metrics.end() ? std::nullopt : at->second.value;
}

// Of a mapped file that is in the page cache only what is copied elsewhere (to a GPU, or repacked); the rest is touched
// with the first tokens.
std::int64_t bytes_read_by_load(const record::CellReport& report, const record::ModelInfo& model) {
  if (report.cache_state != "warm" || report.effective.llm.load_mode.value_or("mmap") != "mmap") {
    return model.file_bytes;
  }
  std::int64_t copied = 0;
  for (const record::BufferSize& buffer : report.buffers) {
    copied += buffer.kind == "model" && !buffer.device.ends_with("_Mapped") ? buffer.bytes : 0;
  }
  return std::min(copied, model.file_bytes);
}

void add_limits(record::CellReport& report, const PlannedCell& cell, const ReportContext& context) {
  const record::ModelInfo& model = cell.subject.model;
  const auto prompt = median_of(report, "prompt_tokens");
  const auto tokens = median_of(report, "tokens_out");
  if (prompt && tokens) {
    const auto device = context.device.find(cell.subject.runtime.name);
    ReadRates rates{context.memory_gb_s, std::nullopt};
    if (device != context.device.end()) {
      rates.device = device->second;
    }
    const DecodeLimit limit = decode_limit(model, report.requested, report.effective,
                                           static_cast<std::int64_t>(*prompt + *tokens / 2), rates);
    report.roofline_tok_s = limit.tok_s;
    report.roofline_basis = limit.basis;
    const auto speed = median_of(report, "decode_tok_s");
    if (report.roofline_tok_s && speed) {
      report.efficiency = *speed / *report.roofline_tok_s;
    }
  }
  const std::int64_t bytes = bytes_read_by_load(report, model);
  const auto& rates = report.cache_state == "cold" ? context.cold_read_b_s : context.cached_read_b_s;
  const auto rate = rates.find(model.path);
  if (rate != rates.end() && rate->second > 0 && bytes > 0 &&
      (report.cache_state == "cold" || report.cache_state == "warm")) {
    report.load_limit_ms = 1000.0 * static_cast<double>(bytes) / rate->second;
  }
}

// on, off or unknown, in the words of every version's log.
std::optional<std::string> claimed_flash_attention(const std::map<std::string, std::string>& facts) {
  const auto told = facts.find("flash_attn");
  if (told == facts.end() || told->second == "auto") {
    return std::nullopt;
  }
  return told->second == "enabled" || told->second == "1" ? "on" : "off";
}

// What lay where and which operations ran, from the trials that show it.
void add_placement(record::CellReport& report, const Counted& good, std::span<const record::Trial> trials) {
  report.flash_attention.asked = report.requested.llm.flash_attn.value_or("auto");
  report.graph_reason = "not asked for: --set run.graph=true proves it by one untimed decode";
  if (!good.empty()) {
    const record::Trial& trial = *good.front();
    report.buffers = trial.buffers;
    report.flash_attention.claimed = claimed_flash_attention(trial.facts);
    if (const auto splits = trial.facts.find("graph_splits"); splits != trial.facts.end()) {
      report.decode_splits = record::decode_splits(splits->second);
    }
  }
  for (const record::Trial& trial : trials) {
    if (trial.cell == report.key && trial.graph) {
      report.graph = trial.graph;
      report.graph_reason.clear();
      report.flash_attention.proven = record::flash_attention_of(*trial.graph);
      return;
    }
    if (trial.cell == report.key && !trial.graph_reason.empty()) {
      report.graph_reason = trial.graph_reason;
    }
  }
}

record::CellReport build_cell(const Plan& plan, const PlannedCell& cell, std::span<const record::Trial> trials,
                              const ReportContext& context) {
  record::CellReport report;
  report.key = cell.key;
  report.part = cell.part;
  report.point = cell.point;
  report.also = cell.also;
  report.requested = cell.settings;
  report.model = cell.subject.model.id;
  report.runtime = cell.subject.runtime.name;
  const Counted good = counted(trials, cell.key);
  if (!good.empty()) {
    report.effective = good.front()->effective;
  } else if (cell.effective) {
    report.effective = *cell.effective;
  }
  add_outcomes(report, trials);
  add_cache_state(report, good);
  for (const record::Metric& metric : record::metrics()) {
    report.metrics[std::string(metric.name)] = summarize(metric, good, report.failure);
  }
  add_histogram(report, good);
  add_placement(report, good, trials);
  add_limits(report, cell, context);
  const PlannedCell& reference = reference_of(plan, cell);
  if (reference.key != cell.key) {
    const Delta delta = delta_of(good, counted(trials, reference.key));
    report.delta = delta.value;
    report.delta_low = delta.low;
    report.delta_high = delta.high;
  }
  return report;
}

std::optional<stats::Drift> drift_of(const Plan& plan, std::span<const record::Trial> trials) {
  std::vector<stats::PlacedValue> values;
  for (std::size_t i = 0; i < plan.cells.size(); ++i) {
    for (const record::Trial* const trial : counted(trials, plan.cells[i].key)) {
      const auto speed = record::find_metric("tokens_per_s")->of(*trial);
      if (speed && *speed > 0) {
        values.push_back({static_cast<std::int64_t>(i), static_cast<double>(trial->position), std::log(*speed)});
      }
    }
  }
  return stats::drift(values);
}

void add_time_share(record::Report& report, std::span<const record::Trial> trials, const ReportContext& context) {
  if (!context.wall_s || trials.empty()) {
    return;
  }
  double seconds = 0;
  for (const record::Trial& trial : trials) {
    for (const record::Run* const run : record::measured(trial)) {
      seconds += record::gen_latency_s(*run);
    }
  }
  report.wall_s = context.wall_s;
  report.measured_s = seconds;
  if (*context.wall_s > 0) {
    report.measured_share = seconds / *context.wall_s;
  }
}

// The limit is the most that was ever read: on a shared machine the seconds before the first trial are not the best.
std::optional<double> most_memory_gb_s(const ReportContext& context, std::span<const record::Trial> trials) {
  std::optional<double> most = context.memory_gb_s;
  for (const record::Trial& trial : trials) {
    if (most) {
      most = std::max(
          {*most, trial.conditions.canary_before_gb_s.value_or(0), trial.conditions.canary_after_gb_s.value_or(0)});
    }
  }
  return most;
}

template <class T>
void add_unique(std::vector<T>& list, const T& item, std::string T::*identity) {
  if (std::ranges::find(list, item.*identity, identity) == list.end()) {
    list.push_back(item);
  }
}

}  // namespace

record::Report build_report(const Plan& plan, std::span<const record::Trial> trials, const ReportContext& context,
                            bool complete) {
  record::Report report;
  report.scenario = plan.scenario.name;
  report.scenario_file = plan.scenario.file;
  report.title = plan.scenario.title;
  report.stem = plan.scenario.report;
  report.table = plan.scenario.table;
  report.session = context.session;
  report.started = context.started;
  report.finished = complete ? utc_now() : std::string();
  report.complete = complete;
  report.tool_version = context.tool_version;
  report.plan_hash = plan.hash;
  report.machine = context.machine;
  report.settings = plan.base;
  report.trials.assign(trials.begin(), trials.end());
  ReportContext seen = context;
  seen.memory_gb_s = most_memory_gb_s(context, trials);
  for (const PlannedCell& cell : plan.cells) {
    report.cells.push_back(build_cell(plan, cell, trials, seen));
    add_unique(report.runtimes, cell.subject.runtime, &record::RuntimeInfo::name);
    add_unique(report.models, cell.subject.model, &record::ModelInfo::id);
  }
  report.parts = plan.parts;
  report.only = plan.only;
  if (const auto drift = drift_of(plan, trials)) {
    report.drift_share = drift->share;
    report.drift_p = drift->p;
  }
  report.time_parts = time_parts(plan, trials);
  add_time_share(report, trials, context);
  return report;
}

}  // namespace mia::measure
