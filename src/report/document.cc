// SPDX-License-Identifier: MIT
#include "report/document.h"

#include <algorithm>

#include <fmt/core.h>

#include "base/text.h"
#include "document/markdown.h"
#include "document/value.h"
#include "record/metrics.h"
#include "record/standing.h"
#include "report/facts.h"
#include "report/pictures.h"
#include "report/rows.h"

namespace mia::report {
namespace {

using document::Block;
using document::Document;
using document::List;
using document::Paragraph;
using document::Section;
using document::Tone;

List list_of(const std::vector<std::string>& lines) {
  List list;
  for (const std::string& line : lines) {
    list.items.push_back({line});
  }
  return list;
}

// The table or tables.
Section results(const record::Report& report, Extent extent) {
  Section section{"What was measured"};
  if (report.cells.empty() || record::nothing_measured(report)) {
    section.blocks = {Paragraph{report.cells.empty() ? "Nothing was measured." : "Nothing could be measured."}};
    section.detail = true;
  } else if (report.cells.size() == 1 && report.cells.front().also.empty()) {
    const record::CellReport& cell = report.cells.front();
    section.blocks.emplace_back(metrics_table(cell, extent == Extent::everything || wants_latency(report)));
    if (!cell.failure.empty()) {
      section.blocks.emplace_back(Paragraph{"Outcome: " + cell.failure});
    }
  } else {
    const std::vector<RowSet> sets = row_sets(report, wants_latency(report));
    for (const RowSet& set : sets) {
      if (sets.size() > 1) {
        section.blocks.emplace_back(document::Heading{set.part});
      }
      if (std::string said = part_sentence(report, set.part); !said.empty()) {
        section.blocks.emplace_back(Paragraph{std::move(said)});
      }
      section.blocks.emplace_back(to_table(set));
    }
  }
  return section;
}

Section time_parts(const record::Report& report) {
  return report.time_parts.empty() ? Section{} : Section{"Where a token's time goes", {time_parts_table(report)}};
}

Section histograms(const record::Report& report) {
  Section section{"How the tokens came"};
  for (const record::CellReport& cell : report.cells) {
    document::Layer bars{document::Layer::Mark::bars};
    for (const record::HistogramBucket& bucket : cell.histogram) {
      bars.points.push_back({"<= " + document::format_number(bucket.upper_ms, {2}), static_cast<double>(bucket.count)});
    }
    if (wants_latency(report) && !bars.points.empty()) {
      section.blocks.emplace_back(
          document::Chart{"inter-token latency, " + label_of(cell), {"ms"}, {"tokens"}, {std::move(bars)}});
    }
  }
  return section;
}

// A note asks for no act and no doubt: it stands where everything does.
Section meaning(const record::Report& report, Extent extent) {
  Section section{"What it means"};
  for (const record::Finding& finding : report.findings) {
    if (extent == Extent::usual && finding.severity == record::Severity::info) {
      continue;
    }
    std::string evidence;
    for (const auto& [name, value] : finding.evidence) {
      evidence += fmt::format("{}{} {}", evidence.empty() ? "" : ", ", name, value);
    }
    section.blocks.emplace_back(document::Note{finding.severity, finding.text, std::move(evidence)});
  }
  if (!report.recommendation.empty()) {
    section.blocks.emplace_back(Paragraph{"Recommended: " + describe(report.recommendation)});
  }
  if (section.blocks.empty()) {
    section.blocks = {Paragraph{record::nothing_measured(report) ? "No trial ended well." : "Nothing stood out."}};
    section.detail = true;
  }
  return section;
}

Section checks(const record::Report& report) {
  if (report.checks.empty()) {
    return {};
  }
  Section section{"Checks", {checks_table(report)}};
  if (report.regression_flag) {
    section.blocks.emplace_back(Paragraph{fmt::format("regression_flag: {}", *report.regression_flag)});
  }
  if (report.judgement) {
    section.blocks.emplace_back(list_of(judgement_facts(*report.judgement)));
    section.blocks.emplace_back(Paragraph{report.judgement->sentence, Tone::strong});
  }
  return section;
}

Section detail(std::string heading, Block block) {
  return {std::move(heading), {std::move(block)}, true};
}

std::string skipped_names(const record::Report& report) {
  std::vector<std::string> names;
  for (const record::Check& check : report.checks) {
    if (check.verdict == "skipped") {
      names.push_back(fmt::format("{} ({})", check.name, check.text));
    }
  }
  return join(names, ", ");
}

}  // namespace

Document document_of(const record::Report& report, Extent extent) {
  return {
      title_of(report),
      {results(report, extent), time_parts(report), histograms(report), meaning(report, extent), checks(report),
       Section{"How sure", {list_of(certainty_of(report, extent == Extent::everything))}},
       detail("Conditions", conditions_of(report)), detail("How to repeat it", document::Code{repeat_command(report)})},
      report.sentence};
}

Document page_of(const record::Report& report) {
  Document page{title_of(report), {}, report.sentence};
  if (report.judgement) {
    page.answer = report.judgement->sentence;
    page.tone = report.judgement->verdict == "fail"   ? Tone::bad
                : report.judgement->verdict == "pass" ? Tone::good
                                                      : Tone::doubt;
    page.sections.push_back({"", {Paragraph{report.sentence, Tone::strong}}});
  }
  page.sections.push_back(meaning(report, Extent::everything));
  page.sections.push_back(checks(report));
  page.sections.push_back({"Pictures", pictures_of(report)});
  page.sections.push_back(results(report, Extent::everything));
  page.sections.push_back(time_parts(report));
  page.sections.push_back({"How sure", {list_of(certainty_of(report, true))}});
  page.sections.push_back({"Conditions", {conditions_of(report)}});
  page.sections.push_back({"How to repeat it", {document::Code{repeat_command(report)}}});
  return page;
}

Document gate_document(const record::Report& report) {
  Document gate{title_of(report)};
  List lines;
  for (const record::Check& check : report.checks) {
    if (check.verdict != "skipped") {
      const Tone tone = check.verdict == "fail" ? Tone::bad : check.verdict == "pass" ? Tone::plain : Tone::doubt;
      lines.items.push_back({describe_check(check), tone});
    }
  }
  if (const std::string skipped = skipped_names(report); !skipped.empty()) {
    lines.items.push_back({"not judged: " + skipped});
  }
  gate.sections.push_back({"Checks", {std::move(lines)}});
  if (report.judgement) {
    gate.sections.push_back({"What judged", {list_of(judgement_facts(*report.judgement))}});
    gate.answer = report.judgement->sentence;
  }
  return gate;
}

Document summary_document(const record::Report& report) {
  Section said;
  if (report.judgement && !report.sentence.empty()) {
    said.blocks.emplace_back(Paragraph{report.sentence, Tone::strong});
  }
  return {title_of(report),
          {std::move(said), checks(report), results(report, Extent::everything), meaning(report, Extent::everything)},
          report.judgement ? report.judgement->sentence : report.sentence};
}

std::string to_markdown(const record::Report& report) {
  return document::to_markdown(document_of(report, Extent::everything));
}

document::Table metrics_list() {
  document::Table table{{{"name", "name"}, {"unit", "unit"}, {"better", "better"}, {"meaning", "meaning"}}};
  for (const record::Metric& metric : record::metrics()) {
    const char* const better = metric.better == record::Better::lower    ? "lower"
                               : metric.better == record::Better::higher ? "higher"
                                                                         : "–";
    table.rows.push_back({std::string(metric.name), std::string(metric.unit), better, std::string(metric.doc)});
  }
  return table;
}

}  // namespace mia::report
