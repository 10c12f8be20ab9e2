// SPDX-License-Identifier: MIT
#include "report/side_by_side.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <vector>

#include <fmt/core.h>

#include "base/text.h"
#include "document/escape.h"
#include "document/value.h"
#include "report/facts.h"
#include "report/picture_parts.h"

namespace mia::report {
namespace {

using document::Layer;
using document::Table;
using record::CellReport;
using record::Metric;
using record::Report;

// "A", "B", ..., "Z", "A1", ...
std::string letter_of(std::size_t i) {
  constexpr std::size_t kLetters = 26;
  return std::string(1, static_cast<char>('A' + i % kLetters)) + (i < kLetters ? "" : std::to_string(i / kLetters));
}

template <class T, class Name>
std::string names_of(const std::vector<T>& items, Name name) {
  std::vector<std::string> names;
  std::ranges::transform(items, std::back_inserter(names), name);
  return join(names, ", ");
}

Table what_of(std::span<const Report> reports) {
  Table table{
      {{"", ""}, {"", "session"}, {"", "scenario"}, {"", "model"}, {"", "runtime"}, {"", "machine"}, {"", "started"}}};
  table.columns.front().heading = " ";
  for (std::size_t i = 0; i < reports.size(); ++i) {
    const Report& report = reports[i];
    table.rows.push_back(
        {letter_of(i), document::Link{report.session, "/result/" + document::path_escape(report.session)},
         report.scenario, names_of(report.models, [](const auto& model) { return model.id; }),
         names_of(report.runtimes,
                  [](const auto& runtime) { return fmt::format("{} {}", runtime.name, runtime.version); }),
         report.machine.cpu_model, report.started});
  }
  return table;
}

document::List sentences_of(std::span<const Report> reports) {
  document::List list;
  for (std::size_t i = 0; i < reports.size(); ++i) {
    list.items.push_back({fmt::format("{}: {}", letter_of(i), reports[i].sentence)});
  }
  return list;
}

// Labels of all cells, in the order in which they come first.
std::vector<std::string> labels_of(std::span<const Report> reports) {
  std::vector<std::string> labels;
  for (const Report& report : reports) {
    for (const CellReport& cell : report.cells) {
      if (const std::string label = record::label_of(cell); std::ranges::find(labels, label) == labels.end()) {
        labels.push_back(label);
      }
    }
  }
  return labels;
}

const CellReport* cell_of(const Report& report, const std::string& label) {
  const auto at = std::ranges::find(report.cells, label, [](const CellReport& cell) { return record::label_of(cell); });
  return at == report.cells.end() ? nullptr : &*at;
}

// Of each cell a row for each report; the layers of one report share its colour and its name.
document::Chart picture_of(std::span<const Report> reports, const Metric& metric, std::span<const std::string> labels) {
  document::Chart chart{"Cell by cell", axis_of(metric), {"cell"}};
  const document::NumberStyle style = document::style_of(metric).number;
  Table table{{{"", "cell"}}};
  for (std::size_t i = 0; i < reports.size(); ++i) {
    table.columns.push_back({"", fmt::format("{} {}", letter_of(i), metric.unit), "", "", document::Align::right});
  }
  for (const std::string& label : labels) {
    std::vector<document::Value> row{label};
    for (std::size_t i = 0; i < reports.size(); ++i) {
      const record::Summary summary = summary_of(cell_of(reports[i], label), metric.name);
      row.emplace_back(document::Number{summary, style, false, true});
      if (summary.value && chart.layers.size() < kMostCells) {
        chart.layers.push_back({Layer::Mark::intervals,
                                fmt::format("{}: {}", letter_of(i), reports[i].session),
                                static_cast<int>(i),
                                {interval_point(shown_value(metric, *summary.value),
                                                fmt::format("{} {}", label, letter_of(i)), summary, metric)}});
      }
    }
    table.rows.push_back(std::move(row));
  }
  if (chart.layers.size() == kMostCells) {
    chart.notes.push_back(fmt::format("The first {} are drawn.", kMostCells));
  }
  chart.table = std::move(table);
  return chart;
}

}  // namespace

document::Document side_by_side(std::span<const Report> reports) {
  document::Document document{fmt::format("{} sessions side by side", reports.size())};
  document.answer =
      "Measured at different times, these may differ by what the machine did meanwhile; mia-perf compare tells whether "
      "a "
      "difference is real.";
  document.tone = document::Tone::plain;
  document.sections.push_back({"What they are", {what_of(reports), sentences_of(reports)}});
  const std::vector<std::string> labels = labels_of(reports);
  std::vector<CellReport> cells;
  for (const Report& report : reports) {
    cells.insert(cells.end(), report.cells.begin(), report.cells.end());
  }
  if (const Metric* const metric = leading_metric(cells)) {
    document.sections.push_back({"Pictures", {picture_of(reports, *metric, labels)}});
  } else {
    document.sections.push_back({"", {document::Paragraph{"None of them has a speed yet."}}});
  }
  return document;
}

}  // namespace mia::report
