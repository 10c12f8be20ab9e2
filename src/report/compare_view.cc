// SPDX-License-Identifier: MIT
#include "report/compare_view.h"

#include <algorithm>

#include <fmt/core.h>

#include "base/text.h"
#include "report/escape.h"
#include "report/numbers.h"
#include "report/paint.h"
#include "report/table.h"

namespace mia::report {
namespace {

constexpr NumberStyle kEffect{2, 1, true};
constexpr NumberStyle kTwoPlacesPercent{2, 1, false};

std::string interval_text(const ComparisonRow& row) {
  if (!row.low_percent || !row.high_percent) {
    return std::string(kDash);
  }
  return fmt::format("[{}, {}]", format_number(*row.low_percent, kEffect), format_number(*row.high_percent, kEffect));
}

Table table_of(const ComparisonView& view) {
  Table table{{{"statistic", Align::left},
               {"B against A", Align::left},
               {"time per token (%)", Align::right},
               {"interval (%)", Align::right},
               {"alpha (%)", Align::right},
               {"could see (%)", Align::right}},
              {}};
  for (const ComparisonRow& row : view.rows) {
    table.rows.push_back({row.statistic, row.verdict, format_number(row.effect_percent, kEffect), interval_text(row),
                          format_number(row.alpha, {2, 100, false}),
                          format_number(row.mde_percent, kTwoPlacesPercent)});
  }
  return table;
}

std::string counts_text(const ComparisonView& view) {
  std::string text = fmt::format("{} epochs, {} pairs", view.epochs, view.pairs);
  if (view.margin_percent) {
    text += fmt::format(", same means within ±{} %", format_number(*view.margin_percent, {1, 1, false}));
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

std::string painted(const Paint& paint, const ComparisonView& view, const std::string& text) {
  const auto any = [&](const char* verdict) {
    return std::ranges::find(view.rows, verdict, &ComparisonRow::verdict) != view.rows.end();
  };
  if (any("slower")) {
    return paint.red(text);
  }
  return any("unclear") ? paint.yellow(text) : paint.green(text);
}

}  // namespace

std::string to_text(const ComparisonView& view, const TextOptions& options) {
  const Paint paint(options.color);
  const auto width = static_cast<std::size_t>(std::max(options.width, 40));
  std::string out = wrap("A: " + one_line(view.a), width, 3) + '\n' + wrap("B: " + one_line(view.b), width, 3) + '\n';
  out += view.workload.empty() ? "" : wrap("workload: " + one_line(view.workload), width) + '\n';
  out += '\n' + table_text(table_of(view), width) + '\n' + wrap(one_line(counts_text(view)), width) + '\n';
  for (const std::string& note : view.notes) {
    out += wrap("- " + one_line(note, 1000), width, 2) + '\n';
  }
  if (!view.sentence.empty()) {
    out += '\n' + painted(paint, view, wrap(one_line(view.sentence, 2000), width)) + '\n';
  }
  return out;
}

std::string to_markdown(const ComparisonView& view) {
  std::string out = fmt::format("# {} against {}\n\n", markdown_cell(view.b), markdown_cell(view.a));
  if (!view.sentence.empty()) {
    out += fmt::format("**{}**\n\n", markdown_cell(view.sentence, 2000));
  }
  out += fmt::format("- A: {}\n- B: {}\n", markdown_cell(view.a), markdown_cell(view.b));
  out += view.workload.empty() ? "" : fmt::format("- workload: {}\n", markdown_cell(view.workload));
  out += fmt::format("\n{}\n{}\n", table_markdown(table_of(view)), markdown_escape(counts_text(view)));
  for (const std::string& note : view.notes) {
    out += fmt::format("\n- {}", markdown_cell(note, 1000));
  }
  return view.notes.empty() ? out : out + '\n';
}

}  // namespace mia::report
