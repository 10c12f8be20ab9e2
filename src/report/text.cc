// SPDX-License-Identifier: MIT
#include "report/text.h"

#include <algorithm>

#include <fmt/core.h>

#include "base/text.h"
#include "record/standing.h"
#include "report/facts.h"
#include "report/paint.h"
#include "report/rows.h"
#include "report/sparkline.h"

namespace mia::report {
namespace {

constexpr int kLeastWidth = 40;
constexpr int kBarWidth = 30;

// A table that is too wide is turned where it fits then.
std::string fitted(const Table& table, std::size_t width) {
  const bool turn = table_width(table) > width && table_width(transposed(table)) <= width;
  return table_text(turn ? transposed(table) : table, width);
}

class TextReport {
 public:
  TextReport(const record::Report& report, const TextOptions& options)
      : report_(report),
        paint_(options.color),
        width_(static_cast<std::size_t>(std::max(options.width, kLeastWidth))),
        latency_(options.latency || wants_latency(report)) {}

  std::string print() {
    line(paint_.bold(wrap(one_line(title_of(report_)), width_)));
    if (!report_.cells.empty() && !record::nothing_measured(report_)) {
      blank();
      print_tables();
      print_time_parts();
      print_histograms();
    }
    print_certainty();
    print_findings();
    print_checks();
    print_end();
    return out_;
  }

 private:
  void line(const std::string& text) { out_ += text + '\n'; }
  void blank() { out_ += '\n'; }
  void item(std::string_view mark, const std::string& text) {
    const std::string head = fmt::format("  {} ", mark);
    line(wrap(head + one_line(text, 2000), width_, display_width(head)));
  }

  void print_tables() {
    const std::vector<RowSet> sets = row_sets(report_, latency_);
    if (report_.cells.size() == 1 && report_.cells.front().also.empty()) {
      const record::CellReport& cell = report_.cells.front();
      const Table table = metrics_table(cell, latency_);
      out_ += table.rows.empty() ? "" : table_text(table, width_);
      notes(metric_notes(cell, latency_));
      return;
    }
    for (const RowSet& set : sets) {
      if (sets.size() > 1) {
        line(paint_.bold(one_line(set.part)));
      }
      if (const std::string said = part_sentence(report_, set.part); !said.empty()) {
        line(wrap(one_line(said, 2000), width_));
      }
      out_ += fitted(to_table(set), width_);
    }
    notes(null_notes(sets));
  }

  void notes(const std::vector<std::string>& list) {
    for (const std::string& note : list) {
      item(kDash, note);
    }
  }

  void print_time_parts() {
    if (!report_.time_parts.empty()) {
      blank();
      out_ += fitted(time_parts_table(report_), width_);
    }
  }

  void print_histograms() {
    if (!latency_) {
      return;
    }
    for (const record::CellReport& cell : report_.cells) {
      std::int64_t most = 0;
      for (const record::HistogramBucket& bucket : cell.histogram) {
        most = std::max(most, bucket.count);
      }
      if (most == 0) {
        continue;
      }
      blank();
      line(wrap(one_line(fmt::format("inter-token latency, {}", cell.label)), width_));
      for (const record::HistogramBucket& bucket : cell.histogram) {
        const std::string drawn = bar(static_cast<double>(bucket.count), static_cast<double>(most), kBarWidth);
        line(fmt::format("  <= {:>9} ms {:>7} {}", format_number(bucket.upper_ms, {2, 1, false}), bucket.count, drawn));
      }
    }
  }

  void print_certainty() {
    blank();
    for (const std::string& text : certainty_of(report_)) {
      line(wrap(one_line(text), width_));
    }
  }

  void print_findings() {
    if (report_.findings.empty()) {
      return;
    }
    blank();
    for (const record::Finding& finding : report_.findings) {
      const bool problem = finding.severity == record::Severity::problem;
      const bool warning = finding.severity == record::Severity::warning;
      const std::size_t from = out_.size();
      item(problem ? "problem:" : warning ? "warning:" : "note:", finding.text);
      const std::string text = out_.substr(from);
      out_.replace(from, std::string::npos, problem ? paint_.red(text) : warning ? paint_.yellow(text) : text);
    }
  }

  void print_checks() {
    if (report_.checks.empty()) {
      return;
    }
    blank();
    out_ += table_text(checks_table(report_), width_);
    if (report_.regression_flag) {
      line(fmt::format("regression_flag: {}", *report_.regression_flag));
    }
    if (report_.judgement) {
      for (const std::string& text : judgement_facts(*report_.judgement)) {
        line(wrap(one_line(text, 2000), width_));
      }
      line(paint_.bold(wrap(one_line(report_.judgement->sentence, 2000), width_)));
    }
  }

  void print_end() {
    if (!report_.recommendation.empty()) {
      blank();
      line(wrap("Recommended: " + one_line(report_.recommendation), width_));
    }
    if (!report_.sentence.empty()) {
      blank();
      line(paint_.bold(wrap(one_line(report_.sentence, 2000), width_)));
    }
  }

  const record::Report& report_;
  Paint paint_;
  std::size_t width_;
  bool latency_;
  std::string out_;
};

}  // namespace

std::string to_text(const record::Report& report, const TextOptions& options) {
  return TextReport(report, options).print();
}

}  // namespace mia::report
