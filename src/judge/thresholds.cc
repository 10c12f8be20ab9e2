// SPDX-License-Identifier: MIT
#include "judge/thresholds.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "judge/baseline.h"
#include "record/fields.h"
#include "stats/paired.h"

namespace mia::judge {
namespace {

using record::CellReport;
using record::Check;
using record::Report;

enum class Bound { below, at_most, at_least };

struct Limit {
  std::string_view name;
  std::optional<double> limit;
  Bound bound;
  std::string_view unit;
};

bool is_workload(const CellReport& cell, std::string_view workload) {
  return cell.requested.workload.name == workload;
}

const CellReport* reference(const PartView& part, std::string_view workload) {
  const auto named = [&](const CellReport* cell) { return is_workload(*cell, workload); };
  const auto is_base = [&](const CellReport* cell) {
    return named(cell) && cell->requested.llm == part.report->settings.llm;
  };
  auto at = std::ranges::find_if(part.cells, is_base);
  at = at == part.cells.end() ? std::ranges::find_if(part.cells, named) : at;
  return at == part.cells.end() ? nullptr : *at;
}

std::optional<double> value_of(const CellReport& cell, const std::string& metric) {
  const auto at = cell.metrics.find(metric);
  const bool known = at != cell.metrics.end() && at->second.value && std::isfinite(*at->second.value);
  return known ? at->second.value : std::nullopt;
}

std::string why_missing(const CellReport& cell, const std::string& metric) {
  const auto at = cell.metrics.find(metric);
  const std::string reason = at == cell.metrics.end() ? "" : at->second.null_reason;
  const std::string& why = !cell.failure.empty() ? cell.failure : reason;
  return fmt::format("{}: no {}{}{}", label_of(cell), metric, why.empty() ? "" : ", ", why);
}

bool holds(double value, const Limit& limit) {
  switch (limit.bound) {
    case Bound::below:
      return value < *limit.limit;
    case Bound::at_most:
      return value <= *limit.limit;
    case Bound::at_least:
      break;
  }
  return value >= *limit.limit;
}

using CellKeys = std::vector<std::string>;  // keys of the cells that a line looks at

Check line(const Limit& limit, std::string verdict, std::optional<double> value, std::string text, CellKeys cells) {
  Check check;
  check.name = limit.name;
  check.verdict = std::move(verdict);
  check.value = value;
  check.limit = limit.limit;
  check.unit = limit.unit;
  check.text = std::move(text);
  check.cells = std::move(cells);
  return check;
}

Check skipped(const Limit& limit, std::string why) {
  return line(limit, "skipped", std::nullopt, std::move(why), {});
}

Check judged(const Limit& limit, double value, std::string text, CellKeys cells) {
  return line(limit, holds(value, limit) ? "pass" : "fail", value, std::move(text), std::move(cells));
}

// `beyond`: ln of the value over its limit; `noise`: what it may be off by with 99 %.
struct Excess {
  double beyond = 0;
  double noise = 0;
};

Check judged(const Limit& limit, double value, const Excess& excess, const std::string& text, CellKeys cells) {
  Check check = judged(limit, value, text, std::move(cells));
  if (check.verdict == "fail" && excess.beyond <= excess.noise) {
    check.verdict = "unclear";
    check.text += fmt::format("; beyond the limit by less than the noise of {:.1f} %", stats::percent(excess.noise));
  }
  return check;
}

Check unclear(const Limit& limit, std::string why, CellKeys cells) {
  return line(limit, "unclear", std::nullopt, std::move(why), std::move(cells));
}

// One configuration's metric against an absolute limit.
Check absolute(const PartView& part, const Limit& limit, std::string_view workload, const std::string& metric) {
  if (!limit.limit) {
    return skipped(limit, "no limit is set");
  }
  const CellReport* const cell = reference(part, workload);
  if (cell == nullptr) {
    return skipped(limit, fmt::format("the {} workload was not measured", workload));
  }
  const auto value = value_of(*cell, metric);
  return value ? judged(limit, *value, fmt::format("{} of {}", metric, label_of(*cell)), {cell->key})
               : unclear(limit, why_missing(*cell, metric), {cell->key});
}

// The limit speaks of a cold load: a cold cell is preferred, and another state is said.
Check load(const PartView& part, const Limit& limit) {
  if (!limit.limit) {
    return skipped(limit, "no limit is set");
  }
  const auto cold = [](const CellReport* cell) { return cell->cache_state == "cold"; };
  const auto at = std::ranges::find_if(part.cells, cold);
  const CellReport* cell = at == part.cells.end() ? reference(part, "short") : *at;
  if (cell == nullptr && !part.cells.empty()) {
    cell = &part.first();
  }
  if (cell == nullptr) {
    return skipped(limit, "nothing was measured");
  }
  const auto value = value_of(*cell, "load_ms");
  if (!value) {
    return unclear(limit, why_missing(*cell, "load_ms"), {cell->key});
  }
  const std::string state = cell->cache_state.empty() ? "unknown" : cell->cache_state;
  return judged(limit, *value, fmt::format("load_ms of {}, page cache {}", label_of(*cell), state), {cell->key});
}

struct Modes {
  const PartView& part;
  const Report* accepted;
  const LimitNoise& noise;
};

// A report may have lost its trials: then the cell's figure stands for them.
std::vector<double> sample_of(const Report& report, const CellReport& cell, const std::string& metric) {
  std::vector<double> values = trial_values(report, cell.key, metric);
  return values.empty() ? std::vector{value_of(cell, metric).value_or(0)} : values;
}

const SessionNoise& noise_of(const std::map<std::string, SessionNoise>& seen, const CellReport& cell,
                             const LimitNoise& noise) {
  const auto at = seen.find(cell.key);
  return at == seen.end() ? noise.otherwise : at->second;
}

// What noise alone makes of ln(b / a), to either side with 99 %.
double noise_between(const std::vector<double>& a, const std::vector<double>& b, const SessionNoise& noise) {
  constexpr double kBothSides = 0.02;
  UnpairedOptions options;
  options.alpha = kBothSides;
  options.noise = noise;
  const UnpairedResult result = compare_unpaired(a, b, options);
  return result.effect ? *result.high - *result.effect : 0;
}

std::optional<double> ratio_of(const CellReport* over, const CellReport* under, const std::string& metric) {
  const auto top = over == nullptr ? std::nullopt : value_of(*over, metric);
  const auto bottom = under == nullptr ? std::nullopt : value_of(*under, metric);
  return top && bottom && *bottom > 0 ? std::optional(*top / *bottom) : std::nullopt;
}

const char* const kRateField = "tokens_per_s";
const char* const kP95Field = "p95_decode_ms";

// Of the p95 of one workload over another's in the same session; the noisier of them counts.
double noise_of_ratio(const Report& report, const CellReport& over, const CellReport& under, const LimitNoise& noise) {
  const SessionNoise& top = noise_of(noise.p95, over, noise);
  const SessionNoise& bottom = noise_of(noise.p95, under, noise);
  return noise_between(sample_of(report, under, kP95Field), sample_of(report, over, kP95Field),
                       top.sd > bottom.sd ? top : bottom);
}

void add_ratios(const Modes& modes, const Limit& limit, std::vector<Check>& checks) {
  const std::size_t before = checks.size();
  for (const CellReport* const cell : modes.part.cells) {
    const CellReport& shorter = *cell;
    const CellReport* const longer =
        is_workload(shorter, "short") ? in_workload(*modes.part.report, shorter, "long") : nullptr;
    if (longer == nullptr || !limit.limit) {
      continue;
    }
    const auto ratio = ratio_of(longer, &shorter, kP95Field);
    const CellKeys cells = {shorter.key, longer->key};
    if (!ratio) {
      checks.push_back(unclear(limit, why_missing(value_of(shorter, kP95Field) ? *longer : shorter, kP95Field), cells));
      continue;
    }
    const Excess excess{std::log(*ratio / *limit.limit),
                        noise_of_ratio(*modes.part.report, *longer, shorter, modes.noise)};
    checks.push_back(
        judged(limit, *ratio, excess, fmt::format("p95 of {} over {}", label_of(*longer), label_of(shorter)), cells));
  }
  if (checks.size() == before) {
    checks.push_back(skipped(limit, limit.limit ? "no mode has both a short and a long workload" : "no limit is set"));
  }
}

// Rise of the p95 ratio of each mode against the accepted report's.
void add_ratio_rises(const Modes& modes, const Limit& limit, std::vector<Check>& checks) {
  const std::size_t before = checks.size();
  for (const CellReport* const cell : modes.part.cells) {
    const CellReport& shorter = *cell;
    if (!limit.limit || modes.accepted == nullptr || !is_workload(shorter, "short")) {
      continue;
    }
    const CellReport* const old_short = find_cell(*modes.accepted, shorter.key);
    const CellReport* const longer = in_workload(*modes.part.report, shorter, "long");
    const auto now = ratio_of(longer, &shorter, kP95Field);
    const CellReport* const old_long = longer == nullptr ? nullptr : find_cell(*modes.accepted, longer->key);
    const auto then = ratio_of(old_long, old_short, kP95Field);
    if (now && then && *then > 0) {
      const Excess excess{std::log(*now / *then) - std::log1p(*limit.limit),
                          std::hypot(noise_of_ratio(*modes.part.report, *longer, shorter, modes.noise),
                                     noise_of_ratio(*modes.accepted, *old_long, *old_short, modes.noise))};
      checks.push_back(judged(limit, *now / *then - 1, excess,
                              fmt::format("p95 ratio of {}: {:.3f}, accepted {:.3f}", label_of(shorter), *now, *then),
                              {shorter.key, longer->key}));
    }
  }
  if (checks.size() == before) {
    checks.push_back(skipped(limit, "no accepted report with the p95 ratio of a mode measured here"));
  }
}

struct Change {
  std::string_view workload;
  std::string metric;
  double sign;  // +1: a rise is judged, -1: a drop
};

void add_changes(const Modes& modes, const Limit& limit, const Change& change, std::vector<Check>& checks) {
  const std::size_t before = checks.size();
  for (const CellReport* const one : modes.part.cells) {
    const CellReport& cell = *one;
    if (!limit.limit || modes.accepted == nullptr || !is_workload(cell, change.workload)) {
      continue;
    }
    const CellReport* const old = find_cell(*modes.accepted, cell.key);
    const auto then = old == nullptr ? std::nullopt : value_of(*old, change.metric);
    if (!then || !(*then > 0)) {
      continue;
    }
    const auto now = value_of(cell, change.metric);
    if (!now) {
      checks.push_back(unclear(limit, why_missing(cell, change.metric), {cell.key}));
      continue;
    }
    const auto& seen = change.metric == kP95Field ? modes.noise.p95 : modes.noise.speed;
    const Excess excess{
        change.sign * (std::log(*now / *then) - std::log1p(change.sign * *limit.limit)),
        noise_between(sample_of(*modes.accepted, *old, change.metric),
                      sample_of(*modes.part.report, cell, change.metric), noise_of(seen, cell, modes.noise))};
    checks.push_back(judged(
        limit, change.sign * (*now / *then - 1), excess,
        fmt::format("{} of {}: {:.4g}, accepted {:.4g}", change.metric, label_of(cell), *now, *then), {cell.key}));
  }
  if (checks.size() == before) {
    checks.push_back(
        skipped(limit, fmt::format("no accepted report with the {} workload measured here", change.workload)));
  }
}

bool shows_regression(const Check& check) {
  const bool named = check.name == "short_tps_drop" || check.name == "long_tps_drop" || check.name == "p95_ratio_rise";
  return named && check.verdict == "fail";
}

}  // namespace

ThresholdVerdict check_thresholds(const PartView& part, const Report* accepted, const record::ThresholdSettings& limits,
                                  const LimitNoise& noise) {
  const Modes modes{part, accepted, noise};
  ThresholdVerdict verdict;
  std::vector<Check>& checks = verdict.checks;
  checks.push_back(load(part, {"load_ms_max", limits.load_ms_max, Bound::below, "ms"}));
  checks.push_back(
      absolute(part, {"short_tps_min", limits.short_tps_min, Bound::at_least, "tok/s"}, "short", kRateField));
  checks.push_back(absolute(part, {"long_tps_min", limits.long_tps_min, Bound::at_least, "tok/s"}, "long", kRateField));
  add_changes(modes, {"short_tps_drop", limits.short_tps_drop, Bound::at_most, "fraction"}, {"short", kRateField, -1},
              checks);
  add_changes(modes, {"long_tps_drop", limits.long_tps_drop, Bound::at_most, "fraction"}, {"long", kRateField, -1},
              checks);
  add_ratios(modes, {"p95_ratio_max", limits.p95_ratio_max, Bound::at_most, "ratio"}, checks);
  add_changes(modes, {"p95_short_drift", limits.p95_short_drift, Bound::at_most, "fraction"}, {"short", kP95Field, 1},
              checks);
  add_ratio_rises(modes, {"p95_ratio_rise", limits.p95_ratio_rise, Bound::at_most, "fraction"}, checks);
  verdict.regression_flag = regression_flag(checks);
  return verdict;
}

bool regression_flag(std::span<const Check> checks) {
  return std::ranges::any_of(checks, shows_regression);
}

}  // namespace mia::judge
