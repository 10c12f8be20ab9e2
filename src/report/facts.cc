// SPDX-License-Identifier: MIT
#include "report/facts.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include <fmt/core.h>

#include "base/text.h"
#include "document/value.h"
#include "record/fields.h"
#include "record/metrics.h"
#include "record/standing.h"

namespace mia::report {
namespace {

using document::Facts;
using document::format_number;
using document::NumberStyle;
using document::style_of;

constexpr double kDriftChance = 0.01;  // above it a drift may be none

// Metrics that a person looks for first; the others follow with `latency` or when they are all there is.
bool is_detail(const record::Metric& metric) {
  return metric.name.find("_decode_ms") != std::string_view::npos || metric.name == "sample_count" ||
         metric.name == "fast_quarter_ms";
}

std::string model_text(const record::ModelInfo& model) {
  std::string text = model.display_name.empty() ? model.id : model.display_name;
  if (!model.quantization.empty()) {
    text += fmt::format(" ({})", model.quantization);
  }
  return text;
}

std::string models_text(const record::Report& report) {
  std::vector<std::string> names;
  for (const record::ModelInfo& model : report.models) {
    names.push_back(model_text(model));
  }
  return names.empty() ? "no model" : join(names, ", ");
}

std::string runtime_text(const record::RuntimeInfo& runtime) {
  std::string text = runtime.provider == "llama" ? "llama.cpp" : fmt::format("the {} provider", runtime.provider);
  return runtime.version.empty() ? text : fmt::format("{} {}", text, runtime.version);
}

std::string runtimes_text(const record::Report& report) {
  std::vector<std::string> names;
  for (const record::RuntimeInfo& runtime : report.runtimes) {
    names.push_back(runtime_text(runtime));
  }
  return join(names, ", ");
}

void add_fact(Facts& facts, const char* name, std::string text) {
  if (!text.empty()) {
    facts.facts.emplace_back(name, std::move(text));
  }
}

std::string processor_text(const record::Machine& machine) {
  std::string text = machine.cpu_model;
  const auto add = [&](const std::optional<std::int64_t>& count, const char* what) {
    if (count) {
      text += fmt::format("{}{} {}", text.empty() ? "" : ", ", *count, what);
    }
  };
  add(machine.physical_cores, "physical cores");
  add(machine.logical_cpus, "logical CPUs");
  if (machine.allowed_cpus && machine.allowed_cpus != machine.logical_cpus) {
    add(machine.allowed_cpus, "of them usable");
  }
  return text;
}

std::string memory_text(const record::Machine& machine) {
  std::string text = machine.memory_bytes ? human_bytes(*machine.memory_bytes) : "";
  if (machine.memory_limit_bytes) {
    text += fmt::format("{}limited to {}", text.empty() ? "" : ", ", human_bytes(*machine.memory_limit_bytes));
  }
  return text;
}

std::string system_text(const record::Machine& machine) {
  std::vector<std::string> parts;
  for (const auto& [prefix, text] : {std::pair<const char*, const std::string&>{"", machine.os},
                                     {"kernel ", machine.kernel},
                                     {"governor ", machine.governor},
                                     {"virtual machine: ", machine.virtualization}}) {
    if (!text.empty()) {
      parts.push_back(prefix + text);
    }
  }
  return join(parts, ", ");
}

std::string runtime_line(const record::RuntimeInfo& runtime) {
  std::string text = fmt::format("{}: {}", runtime.name, runtime_text(runtime));
  for (const auto& [prefix, value] :
       {std::pair<const char*, const std::string&>{"commit ", runtime.commit}, {"package ", runtime.package}}) {
    text += value.empty() ? "" : fmt::format(", {}{}", prefix, value);
  }
  return runtime.backends.empty() ? text : fmt::format("{}, backends {}", text, join(runtime.backends, " "));
}

std::string model_line(const record::ModelInfo& model) {
  std::string text = fmt::format("{}: {}", model.id, model_text(model));
  text += model.file_bytes > 0 ? ", " + human_bytes(model.file_bytes) : "";
  if (model.bytes_per_token > 0) {
    text += fmt::format(", {} read per token", human_bytes(model.bytes_per_token));
  }
  return text;
}

// "n_threads auto (4), n_batch 256": what was asked for beyond the defaults, and what the runtime made of it.
std::string settings_text(const record::Settings& requested, const record::Settings& effective) {
  const record::Settings standard = record::default_settings();
  std::vector<std::string> parts;
  for (const record::Field& field : record::fields()) {
    const record::Value asked = record::get(requested, field);
    const record::Value got = record::get(effective, field);
    const bool told = record::is_set(got);
    if (field.key.starts_with("perf.") || field.key == "llm.primary.id" ||
        (asked == record::get(standard, field) && (!told || got == asked))) {
      continue;
    }
    const std::string text = fmt::format("{} {}", field.name, record::to_text(asked));
    parts.push_back(told && got != asked ? fmt::format("{} ({})", text, record::to_text(got)) : text);
  }
  return parts.empty() ? "defaults" : join(parts, ", ");
}

std::string cache_text(const record::Report& report) {
  std::set<std::string> states;
  for (const record::CellReport& cell : report.cells) {
    states.insert(cell.cache_state.empty() ? "unknown" : cell.cache_state);
  }
  const std::vector<std::string> list(states.begin(), states.end());
  return join(list, ", ");
}

std::string outcomes_text(const record::Report& report) {
  std::map<std::string, std::int64_t> outcomes;
  std::int64_t trials = 0;
  for (const record::CellReport& cell : report.cells) {
    for (const auto& [kind, count] : cell.outcomes) {
      outcomes[kind] += count;
      trials += count;
    }
  }
  std::string text = fmt::format("{} trial{}", trials, trials == 1 ? "" : "s");
  const char* separator = ": ";
  for (const auto& [kind, count] : outcomes) {
    text += fmt::format("{}{} {}", separator, count, kind);
    separator = ", ";
  }
  return text + ".";
}

// What the intervals of the speed cover, or that there are none.
std::string intervals_text(const record::Report& report) {
  std::optional<double> level;
  std::int64_t fewest = INT64_MAX;
  bool without = false;
  for (const record::CellReport& cell : report.cells) {
    const auto at = cell.metrics.find("tokens_per_s");
    if (at == cell.metrics.end() || !at->second.value) {
      continue;
    }
    fewest = std::min(fewest, at->second.n);
    without = without || !at->second.low;
    if (at->second.low && at->second.level) {
      level = std::min(level.value_or(1.0), *at->second.level);
    }
  }
  if (fewest == INT64_MAX) {
    return "No speed was measured.";
  }
  std::string text =
      level ? fmt::format("Values are medians over trials; intervals cover the median with {:.1f} %.", *level * 100)
            : "Values are medians over trials.";
  if (without) {
    text += fmt::format(" n too small for an interval where none is shown (fewest: n={}).", fewest);
  }
  return text;
}

// "; tokens_per_s is least certain for short: 96.1 to 99.8": what the disturbance left of the figures. "" where no cell
// has an interval.
std::string widest_interval(const record::Report& report) {
  std::string text;
  double most = 0;
  for (const record::CellReport& cell : report.cells) {
    const auto at = cell.metrics.find("tokens_per_s");
    if (at == cell.metrics.end() || !at->second.value || !at->second.low || !at->second.high) {
      continue;
    }
    const double width = (*at->second.high - *at->second.low) / *at->second.value;
    if (width > most) {
      most = width;
      text = fmt::format("; tokens_per_s is least certain for {}: {:.4g} to {:.4g}", record::label_of(cell),
                         *at->second.low, *at->second.high);
    }
  }
  return text;
}

// "2 of 7 trials were disturbed and left out."
std::string disturbed_text(const record::Report& report, record::Standing standing, std::string_view words) {
  const std::vector<record::Standing> standings = record::standings(report.trials);
  const auto trials = std::ranges::count(standings, standing);
  return trials == 0
             ? std::string()
             : fmt::format("{} of {} trial{} {} {}{}.", trials, standings.size(), standings.size() == 1 ? "" : "s",
                           trials == 1 ? "was" : "were", words, widest_interval(report));
}

void add_trial_notes(const record::Report& report, bool everything, std::vector<std::string>& lines) {
  constexpr std::int64_t kTelling = 3;  // runs whose medians say whether the speed has settled
  std::int64_t unsteady = 0;
  std::int64_t short_warm_ups = 0;
  double steal = 0;
  for (const record::Trial& trial : report.trials) {
    const std::int64_t warm_ups = std::ranges::count(trial.runs, true, &record::Run::warm_up);
    unsteady += trial.outcome.ok() && !trial.warm_up_steady && warm_ups >= kTelling ? 1 : 0;
    short_warm_ups += trial.outcome.ok() && !trial.warm_up_steady && warm_ups > 0 && warm_ups < kTelling ? 1 : 0;
    const record::Conditions& at = trial.conditions;
    if (at.steal_s && at.wall_s && *at.wall_s > 0) {
      steal = std::max(steal, *at.steal_s / *at.wall_s);
    }
  }
  for (const auto& [standing, words] :
       {std::pair{record::Standing::left_out, "disturbed and left out of the figures"},
        std::pair{record::Standing::disturbed_but_counted, "disturbed but counted, for want of better ones"}}) {
    if (std::string text = disturbed_text(report, standing, words); !text.empty()) {
      lines.push_back(std::move(text));
    }
  }
  if (unsteady > 0) {
    lines.push_back(
        fmt::format("{} of {} trials had not become steady in their warm-up.", unsteady, report.trials.size()));
  }
  if (everything && short_warm_ups > 0) {  // by the scenario's own setting
    lines.push_back(
        fmt::format("{} of {} trials warmed up by fewer than {} runs, too few to show that the speed had "
                    "settled.",
                    short_warm_ups, report.trials.size(), kTelling));
  }
  if (steal >= 0.005) {
    lines.push_back(fmt::format("The hypervisor took up to {:.1f} % of a CPU during a trial.", steal * 100));
  }
}

std::vector<const record::Metric*> shown_metrics(const record::CellReport& cell, bool latency) {
  std::vector<const record::Metric*> shown;
  for (const record::Metric& metric : record::metrics()) {
    const auto at = cell.metrics.find(std::string(metric.name));
    const bool known = at != cell.metrics.end() && (at->second.value || !at->second.null_reason.empty());
    if (known && (latency || !is_detail(metric))) {
      shown.push_back(&metric);
    }
  }
  return shown;
}

}  // namespace

std::string title_of(const record::Report& report) {
  const std::string runtimes = runtimes_text(report);
  return fmt::format("{}: {}{}{}", report.scenario, models_text(report), runtimes.empty() ? "" : " on ", runtimes);
}

std::string gpu_line(const record::GpuInfo& gpu) {
  return fmt::format("{}, {}, driver {}", gpu.name.empty() ? "does not answer (NVML)" : gpu.name,
                     gpu.memory_bytes > 0 ? human_bytes(gpu.memory_bytes) : "memory unknown",
                     gpu.driver.empty() ? "unknown" : gpu.driver);
}

Facts conditions_of(const record::Report& report) {
  const record::Machine& machine = report.machine;
  Facts facts;
  add_fact(facts, "machine", machine.hostname);
  add_fact(facts, "processor", processor_text(machine));
  add_fact(facts, "memory", memory_text(machine));
  add_fact(facts, "system", system_text(machine));
  for (const record::GpuInfo& gpu : machine.gpus) {
    add_fact(facts, "GPU", gpu_line(gpu));
  }
  for (const record::RuntimeInfo& runtime : report.runtimes) {
    add_fact(facts, "runtime", runtime_line(runtime));
  }
  for (const record::ModelInfo& model : report.models) {
    add_fact(facts, "model", model_line(model));
  }
  const bool single = report.cells.size() == 1;
  add_fact(facts, "settings",
           single ? settings_text(report.cells.front().requested, report.cells.front().effective)
                  : settings_text(report.settings, {}));
  add_fact(facts, "page cache before load", cache_text(report));
  add_fact(facts, "measured",
           report.finished.empty() ? report.started : fmt::format("{} to {}", report.started, report.finished));
  add_fact(facts, "session", report.session);
  add_fact(facts, "mia-perf", report.tool_version);
  return facts;
}

std::vector<std::string> certainty_of(const record::Report& report, bool everything) {
  std::vector<std::string> lines;
  if (!report.complete) {
    lines.emplace_back("The session did not finish: this report holds what was measured until then.");
  }
  lines.push_back(outcomes_text(report));
  lines.push_back(intervals_text(report));
  if (report.drift_share && (everything || report.drift_p.value_or(0) < kDriftChance)) {
    lines.push_back(
        fmt::format("The place in the order explains {:.1f} % of the variance (drift).", *report.drift_share * 100));
  }
  if (report.wall_s && report.measured_share) {
    lines.push_back(fmt::format("It took {}, {:.0f} % of it inside measured runs.", human_seconds(*report.wall_s),
                                *report.measured_share * 100));
  }
  for (const record::PartReport& part : report.parts) {
    if (!part.left_out.empty()) {
      lines.push_back(fmt::format("Left out: {} ({}).", part.name, part.left_out));
    }
  }
  for (const record::Quality& quality : report.quality) {
    if (quality.perplexity && quality.scored_tokens) {
      const std::string per_byte = quality.bits_per_byte
                                       ? fmt::format(" ({:.4f} bits per byte, {:.4f} perplexity per byte)",
                                                     *quality.bits_per_byte, std::exp2(*quality.bits_per_byte))
                                       : "";
      lines.push_back(fmt::format("Quality of {}: perplexity {:.3f} ± {:.3f} over {} tokens of the {} text{}.",
                                  quality.model, *quality.perplexity, quality.perplexity_error.value_or(0),
                                  *quality.scored_tokens, quality.text, per_byte));
    }
  }
  add_trial_notes(report, everything, lines);
  return lines;
}

document::Table metrics_table(const record::CellReport& cell, bool latency) {
  document::Table table{{{"metric", "metric"}, {"value", "median"}, {"least", "least"}, {"most", "most"}, {"n", "n"}}};
  table.named_rows = true;
  for (const record::Metric* const metric : shown_metrics(cell, latency)) {
    record::Summary summary = cell.metrics.at(std::string(metric->name));
    summary.null_reason = summary.null_reason == cell.failure ? "" : summary.null_reason;
    const auto [heading, style] = style_of(*metric);
    table.rows.push_back({heading, document::Number{summary, style, false, metric->better != record::Better::neither},
                          document::number(summary.least, style), document::number(summary.most, style), summary.n});
  }
  const auto limit = [&](const char* name, const std::optional<double>& value, NumberStyle style) {
    if (value) {
      table.rows.push_back({name, document::number(value, style)});
    }
  };
  limit("roofline of decode (tok/s)", cell.roofline_tok_s, {1});
  limit("decode of roofline (%)", cell.efficiency, {0, 100});
  limit("storage limit of load (ms)", cell.load_limit_ms, {1});
  return table;
}

std::string part_sentence(const record::Report& report, std::string_view part) {
  const auto at = std::ranges::find(report.parts, part, &record::PartReport::name);
  return at == report.parts.end() ? std::string() : at->sentence;
}

namespace {

// People read percents where the report keeps fractions.
std::pair<NumberStyle, std::string> shown_as(const record::Check& check) {
  if (check.unit.starts_with("fraction")) {
    return {{1, 100}, "%" + check.unit.substr(std::string_view("fraction").size())};
  }
  return {{3}, check.unit};
}

}  // namespace

std::string describe_check(const record::Check& check) {
  const auto [style, shown_unit] = shown_as(check);
  const std::string unit = shown_unit.empty() ? "" : " " + shown_unit;
  std::string text = fmt::format("{}: {}", check.name, check.verdict);
  if (check.value || check.limit) {
    text += fmt::format(", value {}{}, limit {}{}", format_number(check.value, style), unit,
                        format_number(check.limit, style), unit);
  }
  return check.text.empty() ? text : fmt::format("{}: {}", text, check.text);
}

document::Table checks_table(const record::Report& report) {
  document::Table table{{{"name", "check"},
                         {"verdict", "verdict"},
                         {"value", "value"},
                         {"limit", "limit"},
                         {"unit", "unit"},
                         {"text", "why"}}};
  for (const record::Check& check : report.checks) {
    const auto [style, unit] = shown_as(check);
    table.rows.push_back({check.name, check.verdict, document::number(check.value, style),
                          document::number(check.limit, style), unit, check.text});
  }
  return table;
}

std::vector<std::string> judgement_facts(const record::Judgement& judgement) {
  std::vector<std::string> lines;
  if (!judgement.baseline.empty()) {
    lines.push_back(fmt::format("Accepted report: {} of {}.", judgement.baseline, judgement.baseline_started));
  }
  if (!judgement.statistic.empty()) {
    lines.push_back("Statistic: " + judgement.statistic + ".");
  }
  lines.push_back(judgement.profile.empty() ? "Limits: no profile." : "Limits: profile " + judgement.profile + ".");
  return lines;
}

document::Table time_parts_table(const record::Report& report) {
  document::Table table{
      {{"mode", "mode"}, {"name", "part"}, {"ms", "ms per token"}, {"share", "share", "%"}, {"how", "from"}}};
  for (const record::TimePart& part : report.time_parts) {
    record::Summary summary;
    summary.value = part.ms;
    summary.low = part.low;
    summary.high = part.high;
    summary.n = part.n;
    table.rows.push_back({part.mode.empty() ? document::Value() : part.mode, part.name,
                          document::Number{summary, {3}, false, true}, document::number(part.share, {1, 100}),
                          part.how});
  }
  return table;
}

}  // namespace mia::report
