// SPDX-License-Identifier: MIT
#include "report/comparison.h"

#include <algorithm>

#include <fmt/core.h>

#include "base/text.h"
#include "document/escape.h"
#include "document/value.h"
#include "report/facts.h"
#include "report/pictures.h"

namespace mia::report {
namespace {

using record::StatisticResult;

std::string speed_text(const record::ComparedArm& arm) {
  if (arm.decode_tok_s) {
    return fmt::format("{}: {:.1f} tok/s", arm.label, *arm.decode_tok_s);
  }
  return arm.prefill_tok_s ? fmt::format("{}: {:.1f} tok/s of prefill", arm.label, *arm.prefill_tok_s) : arm.label;
}

std::string workload_text(const record::Comparison& comparison) {
  const record::WorkloadSettings& workload = comparison.a.requested.workload;
  const std::string name = workload.name.value_or("unnamed");
  const std::int64_t tokens = workload.max_tokens.value_or(0);
  if (workload.input.value_or("text") == "tokens") {
    return fmt::format("{}: {} tokens after a prompt of {}, random and the same for both", name, tokens,
                       workload.prompt_tokens.value_or(0));
  }
  return fmt::format("{}: {} tokens after the prompt", name, tokens);
}

std::string statistic_text(const StatisticResult& result) {
  const std::string& figure = result.figure;
  const char* const words = figure == "fast_quarter_ms" ? "fastest 25 % of tokens"
                            : figure == "gen_latency_s" ? "whole run"
                            : figure == "p95_decode_ms" ? "p95 of tokens"
                                                        : figure.c_str();
  return fmt::format("{} ({})", result.name, words);
}

document::Table table_of(const record::Comparison& comparison) {
  document::Table table{{{"figure", "statistic"},
                         {"verdict", "B against A"},
                         {"effect_percent", "time per token", "%"},
                         {"level_percent", "interval at", "%"},
                         {"mde_percent", "could see", "%"}}};
  for (const StatisticResult& result : comparison.statistics) {
    document::Number effect = document::number(record::percent_of(result.effect), {2, 1, true});
    effect.summary.low = record::percent_of(result.low);
    effect.summary.high = record::percent_of(result.high);
    effect.interval = true;
    table.rows.push_back({statistic_text(result), std::string(name_of(result.verdict)), effect,
                          document::number(result.level, {1, 100}), document::number(record::percent_of(result.mde))});
  }
  return table;
}

std::string counts_text(const record::Comparison& comparison) {
  const std::string text =
      fmt::format("{}, {}, same means within ±{} %", human_count(comparison.epochs, "epoch"),
                  human_count(comparison.pairs, "pair"), document::format_number(100 * comparison.margin, {1}));
  std::int64_t left_out = comparison.set_aside;
  std::vector<std::string> reasons;
  for (const auto& [reason, count] : comparison.void_reasons) {
    left_out += count;
    reasons.push_back(fmt::format("{} {}", count, reason));
  }
  if (comparison.set_aside > 0) {
    reasons.push_back(fmt::format("{} disturbed, where quieter ones were enough", comparison.set_aside));
  }
  return left_out == 0 ? text + "; no pair was left out."
                       : fmt::format("{}; {} left out: {}.", text, left_out, join(reasons, ", "));
}

document::Tone tone_of(const record::Comparison& comparison) {
  const auto any = [&](record::Verdict verdict) {
    return std::ranges::count(comparison.statistics, verdict, &StatisticResult::verdict) > 0;
  };
  return any(record::Verdict::slower)    ? document::Tone::bad
         : any(record::Verdict::unclear) ? document::Tone::doubt
                                         : document::Tone::good;
}

// Speeds of an epoch that did not end would be no more than a glimpse.
std::string headline_of(const record::Comparison& comparison) {
  if (comparison.epochs == 0) {
    return fmt::format("{} against {}", comparison.b.label, comparison.a.label);
  }
  return fmt::format("{} against {}", speed_text(comparison.b), speed_text(comparison.a));
}

document::List sides_of(const record::Comparison& comparison) {
  return {{{"A: " + speed_text(comparison.a)},
           {"B: " + speed_text(comparison.b)},
           {"workload: " + workload_text(comparison)}}};
}

document::Section counts_section(const record::Comparison& comparison) {
  document::List notes;
  for (const std::string& note : comparison.notes) {
    notes.items.push_back({note});
  }
  return {"", {document::Paragraph{counts_text(comparison)}, std::move(notes)}};
}

document::Facts facts_of(const record::Comparison& comparison) {
  record::Report frame;  // the machine of one is the machine of the other
  frame.machine = comparison.machine;
  frame.settings = comparison.a.requested;
  frame.runtimes = {comparison.a.runtime, comparison.b.runtime};
  frame.models = {comparison.a.model, comparison.b.model};
  frame.started = comparison.started;
  frame.finished = comparison.finished;
  frame.session = comparison.session;
  frame.tool_version = comparison.tool_version;
  return conditions_of(frame);
}

std::string command_of(const record::Comparison& comparison) {
  return fmt::format("mia-perf compare {} {} --workload {} --margin {:g}% --alpha {:g}%",
                     document::shell_quote(comparison.a.label), document::shell_quote(comparison.b.label),
                     document::shell_quote(comparison.a.requested.workload.name.value_or("decode")),
                     100 * comparison.margin, 100 * comparison.alpha);
}

}  // namespace

document::Document document_of(const record::Comparison& comparison) {
  return {headline_of(comparison),
          {{"", {sides_of(comparison)}}, {"", {table_of(comparison)}}, counts_section(comparison)},
          comparison.sentence,
          tone_of(comparison)};
}

document::Document page_of(const record::Comparison& comparison, std::span<const StatisticResult> looks) {
  document::Section figures{"Figures", {table_of(comparison)}};
  std::ranges::move(counts_section(comparison).blocks, std::back_inserter(figures.blocks));
  return {headline_of(comparison),
          {{"", {sides_of(comparison)}},
           {"Pictures", pictures_of(comparison, looks)},
           std::move(figures),
           {"Conditions", {facts_of(comparison)}},
           {"How to repeat it", {document::Code{command_of(comparison)}}}},
          comparison.sentence,
          tone_of(comparison)};
}

}  // namespace mia::report
