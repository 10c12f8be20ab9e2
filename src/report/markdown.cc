// SPDX-License-Identifier: MIT
#include "report/markdown.h"

#include <algorithm>

#include <fmt/core.h>

#include "record/metrics.h"
#include "record/standing.h"
#include "report/escape.h"
#include "report/facts.h"
#include "report/rows.h"
#include "report/sections.h"

namespace mia::report {
namespace {

std::string_view word_of(record::Severity severity) {
  switch (severity) {
    case record::Severity::problem:
      return "Problem";
    case record::Severity::warning:
      return "Warning";
    case record::Severity::info:
      break;
  }
  return "Note";
}

std::string evidence_text(const record::Finding& finding) {
  std::string text;
  for (const auto& [name, value] : finding.evidence) {
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", name, value);
  }
  return text.empty() ? "" : fmt::format(" ({})", text);
}

std::string meaning(const record::Report& report) {
  std::string out = "## What it means\n\n";
  for (const record::Finding& finding : report.findings) {
    out += fmt::format("- **{}:** {}\n", word_of(finding.severity),
                       markdown_cell(finding.text + evidence_text(finding), 2000));
  }
  if (!report.recommendation.empty()) {
    out += fmt::format("- **Recommended:** {}\n", markdown_cell(report.recommendation));
  }
  if (report.findings.empty() && report.recommendation.empty()) {
    out += record::nothing_measured(report) ? "No trial ended well.\n" : "Nothing stood out.\n";
  }
  return out + '\n';
}

std::string certainty(const record::Report& report) {
  std::string out = "## How sure\n\n";
  for (const std::string& line : certainty_of(report)) {
    out += fmt::format("- {}\n", markdown_escape(line));
  }
  return out + '\n';
}

std::string conditions(const record::Report& report) {
  Table table{{{"condition", Align::left}, {"value", Align::left}}, {}};
  for (const auto& [name, value] : conditions_of(report)) {
    table.rows.push_back({name, value});
  }
  return "## Conditions\n\n" + table_markdown(table) + '\n';
}

}  // namespace

std::string results_markdown(const record::Report& report) {
  if (record::nothing_measured(report)) {
    return "Nothing could be measured.\n";
  }
  const bool latency = wants_latency(report);
  std::string out;
  std::vector<std::string> notes;
  if (report.cells.size() == 1 && report.cells.front().also.empty()) {
    const record::CellReport& cell = report.cells.front();
    const Table table = metrics_table(cell, true);
    out += table.rows.empty() ? "" : table_markdown(table);
    out += cell.failure.empty() ? "" : fmt::format("\nOutcome: {}\n", markdown_cell(cell.failure));
    notes = metric_notes(cell, true);
  } else {
    const std::vector<RowSet> sets = row_sets(report, latency);
    for (const RowSet& set : sets) {
      out += sets.size() > 1 ? fmt::format("### {}\n\n", markdown_escape(set.part)) : "";
      const std::string said = part_sentence(report, set.part);
      out += said.empty() ? "" : fmt::format("{}\n\n", markdown_cell(said, 2000));
      out += table_markdown(to_table(set)) + '\n';
    }
    notes = null_notes(sets);
  }
  out += notes.empty() ? "" : "\n";
  for (const std::string& note : notes) {
    out += fmt::format("- {} {}\n", kDash, markdown_cell(note));
  }
  return out.empty() ? "Nothing was measured.\n" : out;
}

std::string checks_markdown(const record::Report& report) {
  std::string out = table_markdown(checks_table(report));
  if (report.regression_flag) {
    out += fmt::format("\n`regression_flag`: {}\n", *report.regression_flag);
  }
  if (report.judgement) {
    out += '\n';
    for (const std::string& line : judgement_facts(*report.judgement)) {
      out += fmt::format("- {}\n", markdown_cell(line, 2000));
    }
  }
  return out;
}

std::string to_markdown(const record::Report& report) {
  std::string out = fmt::format("# {}\n\n", markdown_escape(title_of(report)));
  if (!report.sentence.empty()) {
    out += fmt::format("**{}**\n\n", markdown_cell(report.sentence, 2000));
  }
  out += fmt::format("## What was measured\n\n{}\n", results_markdown(report));
  if (!report.time_parts.empty()) {
    out += fmt::format("## Where a token's time goes\n\n{}\n", table_markdown(time_parts_table(report)));
  }
  out += meaning(report);
  if (!report.checks.empty()) {
    out += fmt::format("## Checks\n\n{}\n", checks_markdown(report));
  }
  out += certainty(report) + conditions(report);
  return out + fmt::format("## How to repeat it\n\n    {}\n", repeat_command(report));
}

std::string metrics_markdown() {
  Table table{{{"name", Align::left}, {"unit", Align::left}, {"better", Align::left}, {"meaning", Align::left}}, {}};
  for (const record::Metric& metric : record::metrics()) {
    const char* const better = metric.better == record::Better::lower    ? "lower"
                               : metric.better == record::Better::higher ? "higher"
                                                                         : "–";
    table.rows.push_back({std::string(metric.name), std::string(metric.unit), better, std::string(metric.doc)});
  }
  return table_markdown(table);
}

}  // namespace mia::report
