// SPDX-License-Identifier: MIT
#include "report/compare_view.h"

#include <algorithm>

#include <fmt/core.h>

#include "base/text.h"
#include "document/value.h"

namespace mia::report {
namespace {

document::Table table_of(const ComparisonView& view) {
  document::Table table{{{"figure", "statistic"},
                         {"verdict", "B against A"},
                         {"effect_percent", "time per token", "%"},
                         {"alpha_percent", "alpha", "%"},
                         {"mde_percent", "could see", "%"}}};
  for (const ComparisonRow& row : view.rows) {
    document::Number effect = document::number(row.effect_percent, {2, 1, true});
    effect.summary.low = row.low_percent;
    effect.summary.high = row.high_percent;
    effect.interval = true;
    table.rows.push_back(
        {row.statistic, row.verdict, effect, document::number(row.alpha, {2, 100}), document::number(row.mde_percent)});
  }
  return table;
}

std::string counts_text(const ComparisonView& view) {
  std::string text = fmt::format("{} epochs, {} pairs", view.epochs, view.pairs);
  if (view.margin_percent) {
    text += fmt::format(", same means within ±{} %", document::format_number(*view.margin_percent, {1}));
  }
  std::int64_t left_out = view.set_aside;
  std::vector<std::string> reasons;
  for (const VoidedPairs& pairs : view.voided) {
    left_out += pairs.count;
    reasons.push_back(fmt::format("{} {}", pairs.count, pairs.reason));
  }
  if (view.set_aside > 0) {
    reasons.push_back(fmt::format("{} disturbed, where quieter ones were enough", view.set_aside));
  }
  return left_out == 0 ? text + "; no pair was left out."
                       : fmt::format("{}; {} left out: {}.", text, left_out, join(reasons, ", "));
}

document::Tone tone_of(const ComparisonView& view) {
  const auto any = [&](const char* verdict) {
    return std::ranges::find(view.rows, verdict, &ComparisonRow::verdict) != view.rows.end();
  };
  return any("slower") ? document::Tone::bad : any("unclear") ? document::Tone::doubt : document::Tone::good;
}

}  // namespace

document::Document document_of(const ComparisonView& view) {
  document::List who{{{"A: " + view.a}, {"B: " + view.b}}};
  if (!view.workload.empty()) {
    who.items.push_back({"workload: " + view.workload});
  }
  document::List notes;
  for (const std::string& note : view.notes) {
    notes.items.push_back({note});
  }
  return {fmt::format("{} against {}", view.b, view.a),
          {{"", {std::move(who)}},
           {"", {table_of(view)}},
           {"", {document::Paragraph{counts_text(view)}, std::move(notes)}}},
          view.sentence,
          tone_of(view)};
}

}  // namespace mia::report
