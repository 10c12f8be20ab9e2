// SPDX-License-Identifier: MIT
#include "measure/summary.h"

#include <algorithm>
#include <map>
#include <vector>

#include "record/standing.h"

namespace mia::measure {
namespace {

constexpr double kLevel = 0.95;
constexpr double kLevelOfFive = 0.93;  // the whole range of five values covers the median with 93.75 %

std::string reason_without_values(const record::Metric& metric, std::span<const record::Trial* const> trials) {
  const bool tokens = trials.front()->requested.workload.input == "tokens";
  if (metric.name == "words_out" && tokens) {
    return "random tokens have no words";
  }
  if (metric.name == "energy_j_per_token") {
    const bool watched = std::ranges::any_of(
        trials, [](const record::Trial* trial) { return trial->conditions.gpu_power_w.has_value(); });
    return watched ? "its counter of energy did not move within a run, or the GPU has none"
                   : "no GPU that counts its energy";
  }
  if (metric.name == "cpu_energy_j_per_token") {
    const auto told = trials.front()->facts.find("cpu_energy_unread");
    return told != trials.front()->facts.end() ? told->second
                                               : "the counters of the CPU packages did not move within a run";
  }
  if (metric.name == "gpu_memory_bytes") {
    return "no GPU whose driver tells its memory (NVML)";
  }
  if (metric.name == "load_ms") {
    return "the model was there already: this runtime has no load phase";
  }
  if (metric.name == "fast_quarter_ms") {
    return "fewer than 4 intervals between tokens";
  }
  return metric.name.find("decode") != std::string_view::npos ? "fewer than 2 tokens came out"
                                                              : "the worker did not report it";
}

// Fewest intervals of any counted run, against what the percentile needs.
std::string too_few_samples(const record::Metric& metric, std::span<const record::Trial* const> trials) {
  const bool p95 = metric.name == "p95_decode_ms";
  if (!p95 && metric.name != "p50_decode_ms") {
    return {};
  }
  const std::int64_t needed = stats::quantile_min_n(p95 ? 0.95 : 0.5, kLevel).value_or(0);
  for (const record::Trial* const trial : trials) {
    for (const record::Run* const run : record::measured(*trial)) {
      if (run->tokens_out - 1 < needed) {
        return fmt::format("needs {} intervals in a run, one has {}", needed,
                           std::max<std::int64_t>(0, run->tokens_out - 1));
      }
    }
  }
  return {};
}

}  // namespace

std::optional<stats::Interval> interval_of(std::span<const double> values) {
  const auto interval = stats::median_interval(values, kLevel);
  return interval ? interval : stats::median_interval(values, kLevelOfFive);
}

std::vector<const record::Trial*> counted(std::span<const record::Trial> trials, const std::string& cell) {
  const bool has_undisturbed = std::ranges::any_of(
      trials, [&](const record::Trial& trial) { return trial.cell == cell && record::is_undisturbed(trial); });
  std::vector<const record::Trial*> good;
  for (const record::Trial& trial : trials) {
    if (trial.cell == cell) {
      const record::Standing standing = record::standing_of(trial, has_undisturbed);
      if (standing == record::Standing::counted || standing == record::Standing::disturbed_but_counted) {
        good.push_back(&trial);
      }
    }
  }
  return good;
}

record::Summary summarize(const record::Metric& metric, std::span<const record::Trial* const> trials,
                          const std::string& failure) {
  record::Summary summary;
  std::vector<double> values;
  for (const record::Trial* const trial : trials) {
    if (const auto value = metric.of(*trial)) {
      values.push_back(*value);
    }
  }
  summary.n = static_cast<std::int64_t>(values.size());
  if (trials.empty()) {
    summary.null_reason = failure.empty() ? "not measured" : failure;
    return summary;
  }
  summary.null_reason = values.empty() ? reason_without_values(metric, trials) : too_few_samples(metric, trials);
  if (!summary.null_reason.empty()) {
    return summary;
  }
  summary.value = stats::median(values);
  summary.least = std::ranges::min(values);
  summary.most = std::ranges::max(values);
  if (const auto interval = interval_of(values)) {
    summary.low = interval->low;
    summary.high = interval->high;
    summary.level = interval->level;
  }
  return summary;
}

namespace {

std::map<std::int64_t, double> speed_by_repeat(std::span<const record::Trial* const> trials) {
  std::map<std::int64_t, double> speeds;
  for (const record::Trial* const trial : trials) {
    const auto speed = record::find_metric("tokens_per_s")->of(*trial);
    if (record::is_undisturbed(*trial) && speed && *speed > 0) {
      speeds.emplace(trial->repeat, *speed);
    }
  }
  return speeds;
}

}  // namespace

Delta delta_of(std::span<const record::Trial* const> cell, std::span<const record::Trial* const> reference) {
  std::vector<double> ratios;
  const std::map<std::int64_t, double> theirs = speed_by_repeat(reference);
  for (const auto& [repeat, mine] : speed_by_repeat(cell)) {
    if (const auto other = theirs.find(repeat); other != theirs.end()) {
      ratios.push_back(mine / other->second - 1);
    }
  }
  Delta delta;
  delta.value = stats::median(ratios);
  if (const auto interval = interval_of(ratios)) {
    delta.low = interval->low;
    delta.high = interval->high;
  }
  return delta;
}

}  // namespace mia::measure
