// SPDX-License-Identifier: MIT
// Pictures of a comparison: what each figure says, the pairs one by one, the interval closing in.
#include <algorithm>
#include <cmath>

#include <fmt/core.h>

#include "base/text.h"
#include "document/value.h"
#include "record/metrics.h"
#include "report/picture_parts.h"
#include "report/pictures.h"

namespace mia::report {
namespace {

using document::Block;
using document::Chart;
using document::Layer;
using record::Comparison;
using record::StatisticResult;
using Mark = document::Layer::Mark;

constexpr document::NumberStyle kEffect{2, 1, true};

document::Number effect_of(const StatisticResult& result) {
  document::Number effect = document::number(record::percent_of(result.effect), kEffect);
  effect.summary.low = record::percent_of(result.low);
  effect.summary.high = record::percent_of(result.high);
  effect.interval = true;
  return effect;
}

// Both ends of "same" in percent of A.
std::vector<double> margins(const Comparison& comparison) {
  const double ln = std::log1p(comparison.margin);
  return {*record::percent_of(-ln), *record::percent_of(ln)};
}

std::optional<Chart> figures_picture(const Comparison& comparison) {
  Chart chart{"B against A", {"time per token, % of A (more is slower)", 2}, {"figure"}};
  Layer effects{Mark::intervals, "effect, interval"};
  Layer limits{Mark::limits, "margin of \"same\"", 1};
  document::Table table{{{"", "figure"}, {"", "effect", "%"}, {"", "verdict"}}};
  for (const StatisticResult& result : comparison.statistics) {
    const document::Number effect = effect_of(result);
    if (!effect.summary.value) {
      continue;
    }
    const std::string name = fmt::format("{} ({})", result.name, result.figure);
    const std::string verdict(name_of(result.verdict));
    effects.points.push_back({*effect.summary.value, name, effect.summary.low, effect.summary.high, {}, verdict});
    for (const double end : margins(comparison)) {
      limits.points.push_back({end, name});
    }
    table.rows.push_back({name, effect, verdict});
    chart.words +=
        fmt::format("{}{}: {} %, {}.", chart.words.empty() ? "" : " ", name, document::to_text(effect), verdict);
  }
  if (effects.points.empty()) {
    return std::nullopt;
  }
  chart.layers = {std::move(effects), std::move(limits)};
  chart.table = std::move(table);
  return chart;
}

std::optional<double> time_of(const record::Run& run, const std::string& figure) {
  if (figure == "prefill") {
    return static_cast<double>(run.prefill_ns);
  }
  return figure == "fast_quarter_ms" ? record::fast_quarter_ms(run) : std::optional(record::gen_latency_s(run));
}

void add_margins(Chart& chart, const Comparison& comparison, double epochs) {
  for (const double end : margins(comparison)) {
    chart.layers.push_back({Mark::limits, "margin of \"same\"", 1, {{0.5, end}, {std::max(epochs, 1.0) + 0.5, end}}});
  }
}

std::optional<Chart> pairs_picture(const Comparison& comparison) {
  const StatisticResult shown = record::deciding(comparison);
  const std::string figure = shown.figure == "p95_decode_ms" ? "gen_latency_s" : shown.figure;
  Chart chart{fmt::format("Pair by pair: {}", figure), {"epoch", 0}, {"B against A, %", 1}};
  Layer dots{Mark::dots, "pairs"};
  std::size_t epoch_place = 0;
  std::size_t marked = 0;
  for (const record::PairEpoch& epoch : comparison.epoch_table) {
    ++epoch_place;
    for (std::size_t i = 0; i < epoch.pairs.size(); ++i) {
      const record::RunPair& pair = epoch.pairs[i];
      const auto a = time_of(pair.a.run, figure);
      const auto b = time_of(pair.b.run, figure);
      if (!a || !b || !(*a > 0) || !(*b > 0)) {
        continue;
      }
      const double beside = (static_cast<double>(i) + 0.5) / static_cast<double>(epoch.pairs.size()) - 0.5;
      const bool odd = !pair.voided_by.empty() || !pair.disturbed_by.empty();
      const std::string reasons = join(pair.voided_by.empty() ? pair.disturbed_by : pair.voided_by, "; ");
      dots.points.push_back({static_cast<double>(epoch_place) + 0.7 * beside,
                             100 * (*b / *a - 1),
                             {},
                             {},
                             {},
                             fmt::format("epoch {}, pair {}, {} first{}{}", epoch_place, i + 1,
                                         pair.a_first ? "A" : "B", odd ? ": " : "", reasons),
                             odd});
      marked += odd ? 1 : 0;
    }
  }
  if (dots.points.empty()) {
    return std::nullopt;
  }
  chart.words = fmt::format("{} pairs in {} epochs; {} voided or disturbed, with a cross.", dots.points.size(),
                            epoch_place, marked);
  thin(chart, dots, kMostDots, "pairs");
  chart.layers.push_back(std::move(dots));
  add_margins(chart, comparison, static_cast<double>(epoch_place));
  return chart;
}

std::optional<Chart> looks_picture(const Comparison& comparison, std::span<const StatisticResult> looks) {
  constexpr std::int64_t kTelling = 3;  // two epochs give an interval that says nothing
  Chart chart{"The interval, epoch by epoch", {"epochs", 0}, {"B against A, %", 1}};
  Layer closing{Mark::intervals, "effect, interval"};
  document::Table table{{{"", "epochs"}, {"", "effect", "%"}}};
  for (const StatisticResult& look : looks) {
    const document::Number effect = effect_of(look);
    if (look.epochs >= kTelling && effect.summary.value && effect.summary.low) {
      closing.points.push_back(
          {static_cast<double>(look.epochs), *effect.summary.value, effect.summary.low, effect.summary.high});
      table.rows.push_back({look.epochs, effect});
    }
  }
  if (closing.points.size() < 2) {
    return std::nullopt;
  }
  chart.words = fmt::format(
      "\"same\" is an interval within ±{:g} %, a difference one that leaves 0 out. Judged again from the "
      "recorded epochs; between planned looks the interval is only a guide.",
      100 * comparison.margin);
  chart.layers.push_back(std::move(closing));
  add_margins(chart, comparison, static_cast<double>(looks.back().epochs));
  chart.layers.push_back(
      {Mark::limits, "no difference", 7, {{0.5, 0.0}, {static_cast<double>(looks.back().epochs) + 0.5, 0.0}}});
  chart.table = std::move(table);
  return chart;
}

}  // namespace

std::vector<Block> pictures_of(const Comparison& comparison, std::span<const StatisticResult> looks) {
  std::vector<Block> blocks;
  for (auto chart : {figures_picture(comparison), looks_picture(comparison, looks), pairs_picture(comparison)}) {
    if (chart) {
      blocks.emplace_back(std::move(*chart));
    }
  }
  return blocks;
}

}  // namespace mia::report
